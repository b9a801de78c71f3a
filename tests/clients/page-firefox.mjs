// The replay and the conference page in Firefox, the latter with a colleague of another hospital in Chromium. Says what it saw in
// lines of JSON, which the Go test judges.
import { join } from "node:path";
import { keepConnections, launched, patience, untilSeenAndHeard } from "./browsers.mjs";
import { Firefox } from "./firefox.mjs";

const input = JSON.parse(process.env.INPUT);
const begun = Date.now();
const complaints = [];

function report(step, seen) { process.stdout.write(JSON.stringify({ step, at: Date.now() - begun, ...seen }) + "\n"); }

const fox = await Firefox.start(input.firefox);
const shot = async (name) => { if (input.shots) await fox.shot(join(input.shots, `firefox-${name}.png`)); };
await fox.before(keepConnections);
await fox.size(1280, 900);
await fox.goto(input.es.url + input.es.path + "?lang=ar");
await fox.type("#user", input.es.name);
await fox.type("#password", input.es.password);
await fox.click("button[type=submit]");
await fox.see("body[data-ready=yes]");
await fox.click("#play");
await fox.until(() => [...document.querySelectorAll("audio, video")].every((e) => e.currentTime > 1 && !e.paused) &&
    [...document.querySelectorAll("video")].every((e) => e.getVideoPlaybackQuality().totalVideoFrames > 5)).catch(async (error) => {
    await shot("nothing");
    throw new Error(JSON.stringify(await fox.evaluate(() => [...document.querySelectorAll("audio, video")].map((e) => ({
        kind: e.tagName, at: e.currentTime, paused: e.paused, ready: e.readyState, error: e.error?.message, frames: e.getVideoPlaybackQuality?.().totalVideoFrames, src: e.currentSrc,
    })))), { cause: error });
});
await fox.until((words) => document.getElementById("caption").textContent.includes(words), input.caption);
await shot("replay");
report("replay", await fox.evaluate(() => ({
    tracks: document.querySelectorAll("audio, video").length, dir: document.documentElement.dir, caption: document.getElementById("caption").textContent,
})));

const { browser, server } = await launched(input.chromium);
const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, permissions: ["camera", "microphone"] });
context.setDefaultTimeout(patience);
const zh = await context.newPage();
await zh.addInitScript(keepConnections);
zh.on("pageerror", (error) => complaints.push(String(error)));
await zh.goto(input.zh.url + input.zh.path);
await zh.fill("#user", input.zh.name);
await zh.fill("#password", input.zh.password);
await zh.click("button[type=submit]");
await zh.waitForSelector("body[data-ready=yes]");
await zh.click("#join");
await zh.waitForSelector("body[data-state=alone]");

await fox.goto(input.es.url + input.zh.path.replace(/\?.*/, "?lang=es"));
await fox.see("body[data-ready=yes]");
await fox.click("#join");
report("meets", { firefox: await untilSeenAndHeard(1, () => fox), chromium: await untilSeenAndHeard(1, () => zh) });
await zh.fill("#message", input.message);
await zh.press("#message", "Enter");
await fox.until((words) => document.getElementById("chat").textContent.includes(words), input.read);
await fox.click("#hand");
await zh.waitForFunction(() => document.getElementById("people").textContent.includes("🖐️"));
await fox.click("#microphone");
await zh.waitForFunction((words) => document.getElementById("people").textContent.includes(words), input.silent);
await fox.until(() => document.querySelectorAll(".tile").length === 2);
await shot("conference");
report("seen", await fox.evaluate(() => ({
    tiles: document.querySelectorAll(".tile").length, people: document.querySelectorAll("#people li").length, trouble: document.getElementById("trouble").textContent,
})));
await fox.goto("about:blank"); // as people leave
await zh.waitForSelector("body[data-state=alone]");
report("left", { people: await zh.locator("#people li").count() });
report("complaints", { complaints: [...complaints, ...fox.complaints] });
await Promise.all([fox.close(), server.kill()]);
process.exit(0);
