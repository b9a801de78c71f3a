// Works at the desk of the handbook's editors in Debian's Chromium: a machine's draft, an editor, a reviewer and a publisher, each
// in a browser of their own, and some of them without scripts. Says what it saw in lines of JSON, which the Go test judges.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const input = JSON.parse(process.env.INPUT);
const axe = readFileSync(createRequire(join(process.env.CLIENTS, "x.js")).resolve("axe-core/axe.min.js"), "utf8");
const desk = input.url + "/handbook/edit/";
const complaints = [];

function report(step, seen) { process.stdout.write(JSON.stringify({ step, ...seen }) + "\n"); }

const browser = await chromium.launch({ executablePath: input.chromium, args: ["--no-sandbox"] });

// seat is a browser in which somebody is logged in.
async function seat(name, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, locale: "en", serviceWorkers: "block", ...options });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    page.on("console", (message) => { if (message.type() === "error") complaints.push(message.text()); });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(desk);
    await page.fill("#user", name);
    await page.fill("#password", "pw-" + name);
    await page.locator("main button[type=submit]").click();
    await page.waitForURL("**/handbook/edit/");
    return page;
}

async function press(page, value) {
    await page.locator(`button[value="${value}"]`).first().click();
    await page.waitForLoadState();
}

const state = (page) => page.locator(".state strong").first().textContent();

async function editing() {
    const page = await seat("ana");
    await page.goto(desk + "th/book.yaml");
    await press(page, "machine");
    await page.goto(desk + "th/fever");
    await press(page, "machine");
    report("draft", {
        state: await state(page), brief: await page.inputValue("#block-fever-brief"), doses: await page.inputValue("#block-fever-doses"),
        notes: await page.locator(".notes code").allTextContents(), lang: await page.locator("#block-fever-brief").getAttribute("lang"),
        beside: await page.locator("#at-fever-brief > div").first().textContent(),
    });
    await page.locator("#block-fever-brief").press("Control+End");
    await page.keyboard.type(" **ด่วน**");
    await page.waitForFunction(() => document.querySelector("#at-fever-brief .live strong"));
    const live = await page.locator("#at-fever-brief .live strong").textContent();
    await page.locator("#reason").fill("ตรวจแล้ว");
    await page.locator("#reason").press("Enter"); // the keyboard alone saves
    await page.waitForURL("**?done=saved");
    report("saved", { live, state: await state(page) });
    await press(page, "hand");
    await page.goto(desk + "th/fever/review");
    report("own", { state: await state(page), accept: await page.locator('button[value="review"]').count() });
    await page.goto(desk + "th/fever");
    await page.locator("#block-fever-signs").fill("<script>alert(1)</script>");
    await press(page, "save");
    report("refused", { words: await page.inputValue("#block-fever-signs"), trouble: await page.locator("#trouble").textContent() });
    await page.context().close();
    complaints.length = 0; // the browser names a refusal in its console
}

async function reviewing() {
    const page = await seat("ben", { javaScriptEnabled: false });
    await page.goto(desk + "th/fever/review");
    const added = await page.locator(".diff ins").count();
    await press(page, "review");
    report("reviewed", { added: added > 0, state: await state(page) });
    await page.context().close();
}

async function publishing() {
    const page = await seat("eve", { javaScriptEnabled: false });
    await page.goto(desk + "th/fever/review");
    await press(page, "approve");
    await page.goto(desk + "publish");
    const ticked = await page.locator("input[name=part]:checked").count();
    await page.locator("input[name=part]").first().check();
    await page.fill("#edition", "2026.2");
    await page.locator("main .buttons button").click();
    await page.waitForURL("**/publish?done=done");
    await page.goto(input.url + "/handbook/th/fever");
    report("published", {
        ticked, title: await page.locator("h1").textContent(), state: await page.locator(".state strong").first().textContent(),
        text: await page.locator("article").textContent(), edition: await page.locator("footer p").first().textContent(),
    });
    await page.context().close();
}

async function accessible() {
    const violations = [];
    const wide = [];
    for (const [name, options] of [["desk", {}], ["phone", { viewport: { width: 360, height: 740 } }]]) {
        const page = await seat("eve", options);
        for (const path of input.pages[name]) {
            await page.goto(desk + path);
            await page.evaluate(() => { for (const part of document.querySelectorAll("details")) part.open = true; });
            await page.evaluate(axe);
            const result = await page.evaluate(() => window.axe.run(document, {
                runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
            }));
            for (const v of result.violations) violations.push(`${path} ${name}: ${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(" ") + " " + n.failureSummary.split("\n")[1]).join(" | ")}`);
            await page.evaluate(() => { for (const part of document.querySelectorAll("details")) part.open = false; });
            const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
            if (over > 0) wide.push(`${path} ${name}: ${over}`);
        }
        if (name === "desk") { await page.context().close(); continue; }
        await page.goto(desk + "?ui=ar");
        report("rtl", await page.evaluate(() => ({ dir: document.documentElement.dir, home: document.querySelector(".bar .home").getBoundingClientRect().right > innerWidth / 2 ? "right" : "left" })));
        await page.context().close();
    }
    report("axe", { violations, wide });
}

async function pictures() {
    for (const [size, options] of [["desk", {}], ["phone", { viewport: { width: 390, height: 844 }, isMobile: true }]]) {
        const page = await seat("eve", options);
        for (const path of input.pages) {
            await page.goto(input.url + path);
            await page.screenshot({ path: join(input.pictures, `${path.replaceAll(/[/?=&]/g, "_")}.${size}.png`), fullPage: true });
        }
        await page.context().close();
    }
}

try {
    if (input.pictures) {
        await pictures();
    } else {
        await editing();
        await reviewing();
        await publishing();
        await accessible();
        report("complaints", { complaints });
    }
} finally {
    await browser.close();
}
