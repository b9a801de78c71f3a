// Reads the handbook in Debian's Chromium: the pages as people see them, on a desk, on a phone, on paper, without scripts and
// without a network. Says what it saw in lines of JSON, which the Go test judges.
import { readFileSync } from "node:fs";
import { createServer, connect } from "node:net";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const input = JSON.parse(process.env.INPUT);
const axe = readFileSync(createRequire(join(process.env.CLIENTS, "x.js")).resolve("axe-core/axe.min.js"), "utf8");
const book = input.url + "/handbook/";
const complaints = []; // of the browser about pages: errors, and what the content policy kept out

function report(step, seen) { process.stdout.write(JSON.stringify({ step, ...seen }) + "\n"); }

const browser = await chromium.launch({ executablePath: input.chromium, args: ["--no-sandbox"] });

async function open(options = {}) {
    const context = await browser.newContext({ viewport: { width: 1100, height: 700 }, serviceWorkers: "block", ...options });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    page.on("console", (message) => { if (message.type() === "error") complaints.push(message.text()); });
    page.on("pageerror", (error) => complaints.push(String(error)));
    return page;
}

async function inLanguage(page, name) {
    await page.locator("details.languages > summary").click();
    await page.locator("details.languages a", { hasText: name }).click();
    await page.waitForLoadState();
}

const place = (page) => page.evaluate(() => {
    const heading = document.getElementById(location.hash.slice(1));
    const box = heading?.getBoundingClientRect();
    return {
        path: location.pathname + location.search, hash: location.hash, lang: document.documentElement.lang, dir: document.documentElement.dir,
        heading: heading?.textContent ?? "", visible: !!box && box.top >= 0 && box.bottom <= innerHeight,
    };
});

async function languageSwitch() {
    const page = await open({ viewport: { width: 900, height: 450 } });
    await page.goto(book + "zh/fever");
    await page.locator("#fever-call").evaluate((heading) => heading.scrollIntoView());
    await inLanguage(page, "فارسی");
    report("switch", { scrolled: await place(page) });
    await page.goto(book + "fa/fever#fever-doses");
    await inLanguage(page, "Deutsch");
    report("switch-anchor", await place(page));
    await page.goto(book);
    report("remembered", await place(page));
    await page.goto(book + "zh/fever?with=en#fever-signs");
    report("beside", { ...(await place(page)), columns: await page.locator(".pair").nth(2).locator("> div").count() });
    await page.context().close();
}

async function rightToLeft() {
    const page = await open();
    for (const [step, path] of [["rtl-fa", "fa/oxygen"], ["rtl-ar", "ar/fever"]]) {
        await page.goto(book + path);
        report(step, await page.evaluate(() => {
            const middle = innerWidth / 2;
            const side = (selector) => {
                const box = document.querySelector(selector).getBoundingClientRect();
                return (box.left + box.right) / 2 > middle ? "right" : "left";
            };
            const value = document.querySelector("article bdi");
            return {
                article: getComputedStyle(document.querySelector("article")).direction, home: side(".bar .home"), menu: side(".menu summary"),
                value: value.textContent, valueDirection: getComputedStyle(value).direction,
                align: getComputedStyle(document.querySelector("article p, article li")).textAlign,
            };
        }));
    }
    await page.context().close();
}

async function phone() {
    const page = await open({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
    const wide = [];
    for (const path of input.pages) {
        await page.goto(book + path);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (over > 0) wide.push(`${path}: ${over}`);
    }
    await page.goto(book + "ar/");
    await page.locator("details.languages > summary").tap();
    const menu = await page.locator("details.languages ul").boundingBox();
    report("phone", { wide, menuInside: menu.x >= 0 && menu.x + menu.width <= 360 });
    await page.context().close();
}

async function paper() {
    const page = await open();
    await page.goto(book + "ar/fever");
    await page.emulateMedia({ media: "print" });
    const seen = {};
    for (const [name, selector] of [["bar", ".bar"], ["note", ".note"], ["status", ".state"], ["sources", ".sources"], ["toc", ".toc"]]) {
        seen[name] = await page.locator(selector).first().isVisible();
    }
    const pdf = await page.pdf({ format: "A4" });
    report("print", { ...seen, pdf: pdf.subarray(0, 4).toString() });
    await page.context().close();
}

async function withoutScripts() {
    const page = await open({ javaScriptEnabled: false });
    await page.goto(book + "de/fever");
    await inLanguage(page, "简体中文");
    const menu = new URL(page.url()).pathname;
    await page.fill("#q", "补液");
    await page.press("#q", "Enter");
    await page.waitForLoadState();
    const marked = await page.locator(".found mark").allTextContents();
    await page.locator(".found a").first().click();
    await page.waitForLoadState();
    report("plain", { menu, marked, found: new URL(page.url()).pathname + new URL(page.url()).hash });
    await page.context().close();
}

// cable is a way to the node that can be cut.
async function cable() {
    const target = new URL(input.url);
    const lines = new Set();
    const server = createServer((line) => {
        const far = connect(Number(target.port), target.hostname);
        for (const end of [line, far]) {
            lines.add(end);
            end.on("error", () => {});
            end.on("close", () => { line.destroy(); far.destroy(); });
        }
        line.pipe(far).pipe(line);
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
        url: `http://127.0.0.1:${server.address().port}`,
        async cut() {
            const closed = new Promise((resolve) => server.close(resolve));
            for (const line of lines) line.destroy();
            await closed;
        },
    };
}

async function offline() {
    const way = await cable();
    const page = await open({ serviceWorkers: "allow" });
    await page.goto(way.url + "/handbook/ar/");
    await page.waitForFunction(() => document.documentElement.dataset.kept === "yes");
    await way.cut();
    complaints.length = 0; // a browser without a network complains
    await page.locator(".chapter a").first().click();
    await page.waitForLoadState();
    const seen = { title: await page.locator("h1").textContent(), bar: await page.evaluate(() => getComputedStyle(document.querySelector(".bar")).backgroundColor) };
    await page.goto(way.url + "/handbook/ar/fever?with=en");
    seen.beside = await page.locator("h1").textContent();
    await page.goto(way.url + "/handbook/ar/search?q=x");
    seen.search = await page.locator("h1").textContent();
    await page.goto(way.url + "/handbook/");
    seen.front = new URL(page.url()).pathname;
    report("offline", seen);
    await page.context().close();
    complaints.length = 0;
}

async function accessible() {
    const violations = [];
    const narrow = ["fa/", "ar/fever", "zh/search?q=发热"];
    for (const [viewport, pages] of [[{ width: 1100, height: 700 }, input.pages], [{ width: 360, height: 740 }, narrow]]) {
        const page = await open({ viewport });
        for (const path of pages) {
            await page.goto(book + path);
            await page.evaluate(() => { for (const part of document.querySelectorAll("details")) part.open = true; });
            await page.evaluate(axe);
            const result = await page.evaluate(() => window.axe.run(document, {
                runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
            }));
            for (const v of result.violations) violations.push(`${path} ${viewport.width}: ${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(" ") + " " + n.failureSummary.split("\n")[1]).join(" | ")}`);
        }
        await page.context().close();
    }
    report("axe", { pages: input.pages.length, violations });
}

async function pictures() {
    for (const [size, options] of [["desk", {}], ["phone", { viewport: { width: 390, height: 844 }, isMobile: true }]]) {
        const page = await open(options);
        for (const path of input.pages) {
            await page.goto(book + path);
            await page.screenshot({ path: join(input.pictures, `${path.replaceAll(/[/?=]/g, "_")}.${size}.png`), fullPage: true });
        }
        await page.context().close();
    }
}

try {
    if (input.pictures) {
        await pictures();
    } else {
        await languageSwitch();
        await rightToLeft();
        await phone();
        await paper();
        await withoutScripts();
        await accessible();
        report("complaints", { complaints: [...complaints] });
        await offline();
    }
} finally {
    await browser.close();
}
