// A clinician with Element Call and two on the conference page, one of them at another hospital with a telephone, meet in one call. Says
// what it saw in lines of JSON, which the Go test judges.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { keepConnections, launched, patience, untilSeenAndHeard } from "./browsers.mjs";
import { input, report, Visitor } from "./element-call-visitor.mjs";

const axe = readFileSync(createRequire(join(process.env.CLIENTS, "x.js")).resolve("axe-core/axe.min.js"), "utf8");
const complaints = [];

// A telephone, by Chromium's emulation: a small touch screen, with the page's layout for it.
const telephone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

async function onPage(browser, who, device = { viewport: { width: 1280, height: 900 } }) {
    const context = await browser.newContext({ ...device, permissions: ["camera", "microphone"] });
    context.setDefaultTimeout(patience);
    const page = await context.newPage();
    await page.addInitScript(keepConnections);
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(who.url + who.path);
    await page.fill("#user", who.name);
    await page.fill("#password", who.password);
    await page.click("button[type=submit]");
    await page.waitForSelector("body[data-ready=yes]");
    await page.click("#join");
    await page.waitForSelector("body[data-state=alone], body[data-state=in_call]");
    return page;
}

const shot = async (page, name) => { if (input.shots) await page.screenshot({ path: join(input.shots, `meets-${name}.png`), fullPage: true }); };
const says = (page, selector, wanted, not = false) => page.waitForFunction(([where, what, absent]) =>
    [...document.querySelectorAll(where)].some((e) => e.textContent.includes(what)) !== absent, [selector, wanted, not]);
const people = (page, n) => page.waitForFunction((wanted) => document.querySelectorAll("#people li").length === wanted, n);
const within = async (wait) => {
    const began = Date.now();
    await wait;
    return Date.now() - began;
};

const caller = new Visitor(input.seats[0]);
const { server, browser } = await launched(input.chromium);
const [near, far] = await Promise.all([onPage(browser, input.near), onPage(browser, input.far, telephone), caller.open("compatibility")]);
await caller.show();
await caller.untilTiles(3);

// together sees that each of the three sees and hears both of the others.
async function together() {
    for (const page of [near, far]) await page.evaluate(() => scrollTo(0, 0)); // pictures that are out of sight are not sent
    const element = await caller.untilArriving(2);
    return { element, near: await untilSeenAndHeard(2, () => near), far: await untilSeenAndHeard(2, () => far) };
}
report("state", { ...(await together()), members: await caller.untilMembers(3) });
await Promise.all([people(near, 3), people(far, 3)]);

const call = () => caller.frame();
const shows = (what, not = false) => call().waitForFunction(([text, absent]) => document.body.innerText.includes(text) !== absent, [what, not]).catch(async (error) => {
    await caller.shot("nothing");
    throw new Error(`${what}: ${await call().evaluate(() => document.body.innerText)}`, { cause: error });
});
await far.tap("#hand");
// reacts opens Element Call's menu of hand and reactions, and takes what stands there by its key.
async function reacts(key) {
    await call().getByRole("button", { name: "Reactions" }).click();
    await call().locator(`button[aria-keyshortcuts="${key}"]`).click();
}
await shows("✋");
await far.tap("#hand");
await shows("✋", true);
await reacts("H");
await Promise.all([says(near, "#people li", "🖐️"), says(far, "#people li", "🖐️")]);
await caller.shot("hand");
await shot(near, "hand-near");
await shot(far, "hand-far");
await near.reload(); // a page that comes late sees the hands that are up
await says(near, "#people li", "🖐️");
await near.click("#join");
await near.waitForSelector("body[data-state=in_call]");
await caller.untilTiles(3);
await reacts("H");
await Promise.all([says(near, "#people li", "🖐️", true), says(far, "#people li", "🖐️", true), shows("✋", true)]);
await far.locator("button.reaction").first().tap();
await shows("👍");
await reacts("1");
await says(near, "#people li", "👍");
report("hands", {});

const quiet = () => call().locator("[data-testid=videoTile] [aria-label='Microphone off']");
await call().locator("[data-testid=incall_mute]").click();
await says(far, "#people li", input.silentFar);
await shot(near, "silenced-near");
report("silenced", { tiles: await near.locator(".tile").count() });
await call().locator("[data-testid=incall_mute]").click();
await says(far, "#people li", input.silentFar, true);
await far.tap("#microphone");
await quiet().first().waitFor();
await shot(near, "muted-near");
await caller.shot("muted");
await far.tap("#microphone");
await quiet().first().waitFor({ state: "detached" });
await near.locator("#people li", { hasText: caller.seat.user }).locator("button").first().click(); // the moderator mutes
await says(far, "#people li", input.silentFar);
report("muted", {});

await far.fill("#message", "مرحبا");
await far.locator("#say button").tap();
await says(near, "#chat li", "مرحبا");
await far.locator("#captions").tap();
await shot(far, "telephone-whole");
if (input.shots) await far.screenshot({ path: join(input.shots, "meets-telephone.png") });
// inReach are those of the buttons that a thumb reaches without scrolling, wherever the page stands.
const inReach = await far.evaluate(() => ["join", "microphone", "camera", "hand"].filter((id) => {
    const box = document.getElementById(id).getBoundingClientRect();
    const above = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return box.height >= 44 && above?.id === id;
}));
await far.evaluate(axe + ";0");
report("telephone", {
    inReach, dir: await far.getAttribute("html", "dir"), axe: await far.evaluate(async () => (await axe.run(document)).violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`)),
    over: await far.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), captions: await far.isChecked("#captions"),
});

const hungup = within(Promise.all([people(near, 2), people(far, 2)]));
await caller.page.evaluate(() => host.hangup());
report("hungup", { ms: await hungup });

// From now on state is for moderators, as in rooms that were made without calls in mind: sticky events remain for the others.
await far.tap("#join");
await far.waitForSelector("body[data-state=not_joined]");
await near.evaluate(async (room) => {
    const { access_token: token } = await (await fetch("/_medix/login/token")).json();
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/state/m.room.power_levels`;
    const headers = { Authorization: `Bearer ${token}` };
    const levels = await (await fetch(path, { headers })).json();
    levels.events = { ...levels.events, "org.matrix.msc3401.call.member": 50 };
    const answer = await fetch(path, { method: "PUT", headers, body: JSON.stringify(levels) });
    if (!answer.ok) throw new Error(await answer.text());
}, input.room);
await near.fill("#message", "levels");
await near.press("#message", "Enter");
await says(far, "#chat li", "levels"); // and so the state before it
await far.tap("#join");
await caller.speaks("matrix_2_0");
await caller.again();
report("sticky", { ...(await together()), members: await caller.untilMembers(3) });
await caller.untilTiles(3);
await caller.shot("sticky");
await shot(far, "sticky-far");
const left = within(caller.untilTiles(2));
await far.tap("#join");
report("left", { ms: await left, members: await caller.untilMembers(2) });
const killed = within(people(near, 1));
await caller.server.process().kill("SIGKILL");
report("killed", { ms: await killed });
report("complaints", { complaints });
await server.kill();
process.exit(0);
