// Goes through the alliance's pages in Debian's Chromium, without scripts on the pages: a hospital applies, proves its domain, and
// two coordinators admit it. Says what it saw in lines of JSON, which the Go test judges.
import { createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const input = JSON.parse(process.env.INPUT);
const axe = readFileSync(createRequire(join(process.env.CLIENTS, "x.js")).resolve("axe-core/axe.min.js"), "utf8");
const complaints = []; // of the browser: errors, and what the content policy kept out
const violations = [];
const wide = [];

function report(step, seen) { process.stdout.write(JSON.stringify({ step, ...seen }) + "\n"); }

const browser = await chromium.launch({ executablePath: input.chromium, args: ["--no-sandbox"] });

async function open() {
    const context = await browser.newContext({ viewport: { width: 1100, height: 700 }, locale: "en" });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    page.on("console", (message) => {
        if (message.type() === "error" && !message.location().url.endsWith("/favicon.ico")) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("dialog", (dialog) => { complaints.push("a script ran: " + dialog.message()); dialog.dismiss(); });
    return page;
}

// looked runs axe over the page, and sees whether it fits on a telephone.
async function looked(page, name) {
    await page.evaluate(() => { for (const part of document.querySelectorAll("details")) part.open = true; });
    await page.evaluate(axe);
    const result = await page.evaluate(() => window.axe.run(document, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }));
    for (const v of result.violations) violations.push(`${name}: ${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(" ") + " " + n.failureSummary.split("\n")[1]).join(" | ")}`);
    await page.setViewportSize({ width: 360, height: 740 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (over > 0) wide.push(`${name}: ${over}`);
    await page.setViewportSize({ width: 1100, height: 700 });
}

const text = (page, selector) => page.locator(selector).first().innerText();

async function fill(page, values) {
    for (const [name, value] of Object.entries(values)) await page.fill("#" + name, value);
}

async function readers() {
    const page = await open();
    await page.goto(input.url + "/alliance");
    await looked(page, "home");
    await page.fill("#q", "nobody of that name");
    await page.press("#q", "Enter");
    const nothing = await text(page, "[role=status]");
    await page.goto(input.url + "/alliance?lang=fa");
    await looked(page, "home fa");
    const seen = { nothing, dir: await page.evaluate(() => document.documentElement.dir) };
    await page.goto(input.url + "/alliance/apply");
    report("readers", { ...seen, remembered: await page.evaluate(() => document.documentElement.lang) });
    await looked(page, "form fa");
    for (const language of ["de", "th"]) { // long words, and none that end
        await page.goto(`${input.url}/alliance/apply?lang=${language}`);
        await looked(page, "form " + language);
    }
    await page.context().close();
}

async function apply() {
    const page = await open();
    await page.goto(input.url + "/alliance");
    await page.locator("a.go").click();
    await fill(page, { ...input.form, server_name: "Hospital.example", note: `"><img src=x onerror=alert(1)><script>alert(2)</script>` });
    await page.selectOption("#country", "FR");
    await page.setInputFiles("#papers", { name: "evil.pdf", mimeType: "application/pdf", buffer: Buffer.from("<script>alert(3)</script>") });
    await page.locator("button[type=submit]").last().click();
    const seen = { trouble: await text(page, "[role=alert]"), server: await text(page, "#server_name-fault"), papers: await text(page, "#papers-fault"), kept: await page.inputValue("#legal_name") };
    await looked(page, "form with faults");
    await fill(page, input.form);
    await page.setInputFiles("#papers", { name: "licence.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.7 licence") });
    await page.locator("button[type=submit]").last().click();
    await page.waitForURL(/\/alliance\/application\//);
    await looked(page, "application");
    await page.locator("form[action$=prove] button").click();
    report("applied", { ...seen, missing: await text(page, "[role=alert]"), link: page.url().replace(/\/prove$/, "") });
    await looked(page, "application without proof");
    return page;
}

// proven looks until the domain shows the challenge, which the hospital's administrator sees to meanwhile.
async function proven(page) {
    for (const end = Date.now() + 60_000; Date.now() < end;) {
        if ((await text(page, ".state")).includes("proven")) break;
        const button = page.locator("form[action$=prove] button");
        if (await button.count()) await button.click();
    }
    report("proven", { state: await text(page, ".state") });
}

async function login(name) {
    const page = await open();
    await page.goto(input.url + "/alliance/review");
    await page.fill("#user", name);
    await page.fill("#password", "pw-" + name);
    await page.click("button[type=submit]");
    await page.waitForURL(/\/alliance\/review/);
    return page;
}

// signed downloads the drafted list and signs it where the coordinator's key is.
async function signed(page, id) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator("a[href$='draft/document']").click()]);
    const list = JSON.parse(readFileSync(await download.path(), "utf8"));
    delete list.signatures;
    const { keyID, seed } = input.keys[id];
    const key = createPrivateKey({ key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.from(seed, "base64")]), format: "der", type: "pkcs8" });
    const signature = sign(null, Buffer.from(JSON.stringify(list)), key).toString("base64").replace(/=+$/, "");
    return JSON.stringify({ ...list, signatures: { [id]: { [keyID]: signature } } });
}

// hand gives the signed copy of the drafted list in, and returns what the page says.
async function hand(page, id) {
    await page.fill("#copy", await signed(page, id));
    await page.locator("form[action$=signatures] button").click();
    return text(page, "[role=status]");
}

// decide has a member suspended or readmitted by both coordinators, and returns what the second is told.
async function decide(ana, bo, action, language) {
    await ana.goto(`${input.url}/alliance/review?lang=${language}`);
    await ana.fill("#server_name", input.form.server_name);
    await ana.selectOption("#action", action);
    await ana.fill("form[action$='review/members'] [name=reason]", `asked to <i>${action}</i>`);
    await ana.locator("form[action$='review/members'] button").click();
    if (action === "suspend") await looked(ana, "queue with a draft to suspend in " + language);
    await hand(ana, "ana");
    await bo.goto(input.url + "/alliance/review");
    return hand(bo, "bo");
}

// members suspends the new member and admits it again.
async function members() {
    const ana = await login("ana"), bo = await login("bo"), reader = await open();
    const said = async () => {
        await reader.goto(input.url + "/alliance?q=luc");
        return text(reader, "main");
    };
    const seen = { out: await decide(ana, bo, "suspend", "th"), listed: await said() };
    await looked(reader, "home with a suspended member");
    report("decided", { ...seen, back: await decide(ana, bo, "readmit", "ur"), again: await said() });
    for (const page of [ana, bo, reader]) await page.context().close();
}

async function review() {
    const ana = await login("ana");
    await looked(ana, "queue");
    await ana.locator("td a").first().click();
    await looked(ana, "dossier");
    await ana.fill("#reason", "visited in May");
    await ana.locator("button[value=accept]").click();
    const drafted = await text(ana, "[role=status]");
    await looked(ana, "queue with a draft");
    await ana.goto(input.url + "/alliance/review?lang=ar");
    await looked(ana, "queue with a draft in Arabic");
    const arabic = { dir: await ana.getAttribute("html", "dir"), draft: await text(ana, "#draft") };
    await ana.goto(input.url + "/alliance/review?lang=en");
    await ana.setInputFiles("#file", { name: "members.json", mimeType: "application/json", buffer: Buffer.from(await signed(ana, "ana")) });
    await ana.locator("form[action$=signatures] button").click();
    const first = await text(ana, "[role=status]");
    const bo = await login("bo");
    report("reviewed", { drafted, arabic, first, second: await hand(bo, "bo") });
    await ana.context().close();
    await bo.context().close();
}

try {
    await readers();
    const page = await apply();
    await proven(page);
    await review();
    await page.goto(page.url().replace(/\/prove$/, ""));
    report("admitted", { state: await text(page, ".state") });
    await members();
    report("seen", { violations, wide, complaints });
} finally {
    await browser.close();
}
