// Replays a recording in Debian's Chromium: at the hospital that made it and at the other one, on a desk, on a phone, by keyboard,
// in several languages. Says what it saw in lines of JSON, which the Go test judges.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const input = JSON.parse(process.env.INPUT);
const axe = readFileSync(createRequire(join(process.env.CLIENTS, "x.js")).resolve("axe-core/axe.min.js"), "utf8");
const complaints = [];

function report(step, seen) { process.stdout.write(JSON.stringify({ step, ...seen }) + "\n"); }

const browser = await chromium.launch({ executablePath: input.chromium, args: ["--no-sandbox", "--autoplay-policy=user-gesture-required"] });

// visit opens a page as somebody who is not logged in yet, and logs in.
async function visit(who, path, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    page.on("console", (message) => { if (message.type() === "error" && !message.text().includes("status of")) complaints.push(message.text()); });
    page.on("response", (response) => {
        if (response.status() >= 400 && !response.url().endsWith("/favicon.ico")) complaints.push(`${response.status()} ${response.url()}`);
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(who.url + path);
    await page.fill("input[name=user], input[name=name], input[type=text]", who.name);
    await page.fill("input[type=password]", who.password);
    await page.click("button[type=submit]");
    await page.waitForSelector("body[data-ready=yes]").catch(async (error) => {
        await shot(page, "not-ready");
        throw new Error(`${await page.title()} at ${page.url()}: ${complaints}`, { cause: error });
    });
    return page;
}

const shot = async (page, name) => { if (input.shots) await page.screenshot({ path: join(input.shots, name + ".png"), fullPage: true }); };

// apart is how far the elements are from where the clock of the page has them, in seconds.
const apart = (page) => page.evaluate(() => {
    const at = Number(document.getElementById("position").value);
    return [...document.querySelectorAll("audio, video")].map((e) => Math.abs(e.currentTime - (at - Number(e.dataset.offset)) / 1000));
});

const captionWith = (page, text) => page.waitForFunction((wanted) => document.getElementById("caption").textContent.includes(wanted), text);

async function playing(page) {
    await page.keyboard.press("Tab");
    await page.focus("#play");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => Number(document.getElementById("position").value) > 4000);
    // The clock and the elements are read one after the other, and the slider moves ten times a second.
    let least = Infinity;
    for (let i = 0; i < 20; i++) least = Math.min(least, Math.max(...await apart(page)));
    const moving = await page.evaluate(() => [...document.querySelectorAll("audio, video")].every((e) => !e.paused));
    return { apart: least, moving };
}

const about = (page) => page.evaluate(() => ({
    lang: document.documentElement.lang, dir: document.documentElement.dir, title: document.querySelector("h1").textContent,
    tracks: document.querySelectorAll("audio, video").length, speakers: document.querySelectorAll(".speaker").length,
    wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
}));

async function violations(page) {
    await page.evaluate(axe + ";0");
    return page.evaluate(async () => (await axe.run(document)).violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`));
}

const zh = await visit(input.zh, input.zh.path + "?lang=zh");
report("here", { ...(await about(zh)), ...(await playing(zh)) });
await captionWith(zh, "李医生: 病人体温");
await shot(zh, "zh");
await zh.keyboard.press("Escape");
await zh.evaluate(() => document.activeElement.blur());
await zh.keyboard.press("k");
await zh.waitForFunction(() => [...document.querySelectorAll("audio, video")].every((e) => e.paused));
const before = Number(await zh.inputValue("#position"));
await zh.keyboard.press("l");
report("keys", { jumped: Number(await zh.inputValue("#position")) - before });
await zh.locator("#transcript button.said").nth(2).click();
report("transcript", { position: Number(await zh.inputValue("#position")), current: await zh.locator("#transcript .current .said").textContent() });
await zh.locator("#chapters button").nth(1).click();
report("chapter", { position: Number(await zh.inputValue("#position")) });
report("axe-zh", { violations: await violations(zh) });

const es = await visit(input.es, input.es.path + "?lang=ar");
report("there", { ...(await about(es)), ...(await playing(es)) });
await captionWith(es, "درجة الحرارة");
await shot(es, "ar");
report("axe-ar", { violations: await violations(es) });
await es.selectOption("#captions", "es");
await captionWith(es, "La temperatura es de treinta y nueve grados");
report("captions", { dir: await es.getAttribute("#caption", "dir"), lang: await es.getAttribute("#caption", "lang") });
await es.check("#audio-only");
report("voices", { videos: await es.evaluate(() => [...document.querySelectorAll("video")].filter((v) => v.hasAttribute("src")).length) });
report("chat", { texts: await es.locator("#chat p").allTextContents() });

const phone = await visit(input.zh, input.zh.path + "?lang=en&t=0:07", { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
report("after-login", { position: Number(await phone.inputValue("#position")) });
await phone.goto(input.zh.url + input.zh.path + "?lang=en#t=0:13");
await phone.waitForSelector("body[data-ready=yes]");
await phone.waitForFunction(() => document.getElementById("caption").textContent.includes("Ceftriaxone"));
report("phone", { ...(await about(phone)), position: Number(await phone.inputValue("#position")) });
await shot(phone, "phone");
report("complaints", { complaints });
await browser.close();
