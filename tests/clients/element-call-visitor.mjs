// A browser with a client that shows Element Call as a widget, served by its user's hospital.
import { join } from "node:path";
import { keepConnections, launched, patience, pause, untilSeenAndHeard } from "./browsers.mjs";

export const input = JSON.parse(process.env.INPUT);
const begun = Date.now();
export const report = (step, seen) => process.stdout.write(JSON.stringify({ step, at: Date.now() - begun, ...seen }) + "\n");

// Visitor is a browser with a client and its widget.
export class Visitor {
    constructor(seat) { Object.assign(this, { seat, calls: new Map(), complaints: [] }); }

    async open(mode) {
        const { server, browser } = await launched(input.chromium);
        this.server = server;
        const context = await browser.newContext({ viewport: { width: 1240, height: 860 }, permissions: ["camera", "microphone"] });
        context.setDefaultTimeout(patience);
        this.page = await context.newPage();
        await this.speaks(mode);
        await this.page.addInitScript(keepConnections);
        this.page.on("console", (m) => { if (m.type() === "error") this.complaints.push(m.text()); if (input.verbose) console.error(this.seat.user, m.text()); });
        this.page.on("pageerror", (error) => this.complaints.push(String(error)));
        this.page.on("response", (response) => this.note(response));
        this.page.on("requestfailed", (request) => { if (!/abort/i.test(request.failure()?.errorText)) this.complaints.push(`${request.failure()?.errorText} ${request.url()}`); });
        this.page.on("websocket", (socket) => this.count(`WebSocket ${this.where(socket.url())}`));
        await this.page.goto(input.page);
        await this.page.waitForFunction(() => globalThis.host);
        this.userId = await this.page.evaluate((seat) => host.login(seat), this.seat);
    }

    where(url) {
        const { host, pathname, search } = new URL(url);
        const query = [...new URLSearchParams(search).keys()].filter((k) => k.includes("msc")).map((k) => `?${k}`).join("");
        const at = Object.entries(input.names).find(([address]) => address === host)?.[1] ?? host;
        return at + " " + decodeURIComponent(pathname).replace(/![^/]+/, "ROOM").replace(/\/m\d+\.\d+$/, "/TXN").replace(/mdx[a-z]*_[^/]+/, "ID").replace(/(delayed_events\/)[^/]+/, "$1ID").replace(/_@[^/]+_m\.call/, "KEY") + query;
    }

    count(what) { this.calls.set(what, (this.calls.get(what) ?? 0) + 1); }

    note(response) {
        const asked = `${response.request().method()} ${this.where(response.url())}`;
        if (!/\/element-call\/|livekit|rtc|msc|call|delayed|sticky|openid|turn|well-known/.test(asked)) {
            if (response.status() >= 400 && !/favicon/.test(asked)) this.complaints.push(`${response.status()} ${asked}`);
            return;
        }
        if (/\/element-call\/assets\//.test(asked) && response.status() < 400) return;
        this.count(`${asked} ${response.status()}`);
        const body = response.request().postData() ?? "";
        if (body.includes("delay_id")) this.count(`${asked} with delay_id`);
    }

    // speaks sets the form of the membership events that Element Call writes from the next load on.
    async speaks(mode) {
        await this.page.addInitScript((wanted) => { try { localStorage["matrix-setting-matrix-rtc-mode"] = JSON.stringify(wanted); } catch { /* about:blank */ } }, mode);
    }

    async again() {
        await this.page.reload();
        await this.page.waitForFunction(() => globalThis.host);
        await this.page.evaluate((seat) => host.login(seat), this.seat);
        await this.show();
    }

    frame() { return this.page.frames().find((f) => f.url().includes("/element-call/")); }

    async show() {
        await this.page.evaluate((room) => host.joined(room), input.room);
        await this.page.evaluate((what) => host.show(what), { packaged: this.seat.url + "/element-call/index.html", room: input.room, intent: "join_existing", lang: "en" });
    }

    async untilArriving(others = 1) {
        return untilSeenAndHeard(others, () => this.frame()).catch(async (error) => {
            await this.shot("nothing");
            const text = await this.frame()?.evaluate(() => document.body.innerText);
            throw new Error(`${this.seat.user}: ${text}\n${this.complaints.join("\n")}\n${this.asked().join("\n")}`, { cause: error });
        });
    }

    async untilMembers(n) {
        const began = Date.now();
        for (let seen; ; await pause(100)) {
            seen = await this.page.evaluate((room) => host.members(room), input.room);
            const who = [...new Set([...seen.state, ...seen.sticky])];
            if (who.length === n) return { ...seen, ms: Date.now() - began };
            if (Date.now() - began > patience) throw new Error(`${this.seat.user} sees ${JSON.stringify(seen)} in the call, not ${n}`);
        }
    }

    // untilTiles waits until Element Call shows n participants.
    async untilTiles(n) {
        for (const end = Date.now() + patience; ; await pause(100)) {
            const seen = await this.frame()?.locator("[data-testid=videoTile]").count();
            if (seen === n) return seen;
            if (Date.now() > end) throw new Error(`${this.seat.user} sees ${seen} tiles, not ${n}`);
        }
    }

    async shot(name) { if (input.shots) await this.page.screenshot({ path: join(input.shots, `${input.name}-${this.seat.user}-${name}.png`) }); }
    asked() { return [...this.calls].map(([what, n]) => `${n}× ${what}`).sort((a, b) => a.slice(a.indexOf(" ")).localeCompare(b.slice(b.indexOf(" ")))); }
}
