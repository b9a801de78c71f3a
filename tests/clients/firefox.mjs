// Debian's Firefox, driven by WebDriver BiDi (W3C), with fake devices. playwright-core drives its own build of Firefox only.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { patience, pause } from "./browsers.mjs";

// Nothing is asked of anybody, and nothing is fetched from outside; media come from this machine, over loopback.
const preferences = {
    "media.navigator.streams.fake": true, "media.navigator.permission.disabled": true, "media.autoplay.default": 0,
    "media.peerconnection.ice.loopback": true, "media.peerconnection.ice.obfuscate_host_addresses": false,
    "media.gmp-manager.url": "", "app.update.enabled": false, "app.normandy.enabled": false,
    "browser.safebrowsing.malware.enabled": false, "browser.safebrowsing.phishing.enabled": false, "browser.shell.checkDefaultBrowser": false,
    "datareporting.policy.dataSubmissionEnabled": false, "datareporting.healthreport.uploadEnabled": false, "extensions.getAddons.cache.enabled": false,
    "network.captive-portal-service.enabled": false, "network.connectivity-service.enabled": false, "network.dns.disablePrefetch": true,
    "services.settings.server": "data:,", "signon.rememberSignons": false, "toolkit.telemetry.enabled": false, "remote.active-protocols": 1,
};

// Firefox is a browser with one page.
export class Firefox {
    static async start(path) {
        const firefox = new Firefox();
        firefox.profile = await mkdtemp(join(tmpdir(), "medix-firefox-"));
        const server = await firefox.sound();
        const lines = Object.entries(preferences).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`);
        await writeFile(join(firefox.profile, "user.js"), lines.join("\n"));
        firefox.process = spawn(path, ["--headless", "--no-remote", "--remote-debugging-port=0", "--profile", firefox.profile], {
            stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, PULSE_SERVER: server },
        });
        process.on("exit", () => { for (const child of [firefox.process, firefox.speaker]) child.kill("SIGKILL"); });
        await firefox.connect(await firefox.address());
        return firefox;
    }

    // sound starts a PulseAudio whose sound goes nowhere, since Firefox plays no sound on machines without a device for it. It returns its address.
    async sound() {
        const socket = join(this.profile, "pulse.socket");
        const env = { ...process.env, HOME: this.profile, XDG_RUNTIME_DIR: this.profile, DBUS_SESSION_BUS_ADDRESS: "" };
        this.speaker = spawn("pulseaudio", ["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--load=module-null-sink",
            `--load=module-native-protocol-unix socket=${socket} auth-anonymous=1`], { stdio: "ignore", env });
        for (const end = Date.now() + patience; !existsSync(socket); await pause(50)) {
            if (this.speaker.exitCode !== null || Date.now() > end) throw new Error("PulseAudio does not start: scripts/install-needs test installs it");
        }
        return "unix:" + socket;
    }

    address() {
        let said = "";
        return new Promise((found, failed) => {
            this.process.stderr.on("data", (data) => {
                said = (said + data).slice(-20_000);
                const listening = said.match(/WebDriver BiDi listening on (ws:\/\/[^\s]+)\s/);
                if (listening) found(listening[1] + "/session");
            });
            this.process.on("exit", (code) => failed(new Error(`Firefox ended with ${code}: ${said}`)));
        });
    }

    async connect(address) {
        this.waiting = new Map();
        this.complaints = [];
        this.socket = new WebSocket(address);
        await new Promise((done, failed) => { this.socket.onopen = done; this.socket.onerror = failed; });
        this.socket.onmessage = ({ data }) => this.take(JSON.parse(data));
        await this.ask("session.new", { capabilities: {} });
        await this.ask("session.subscribe", { events: ["log.entryAdded"] });
        this.context = (await this.ask("browsingContext.getTree", {})).contexts[0].context;
    }

    take(message) {
        if (message.method === "log.entryAdded" && message.params.level === "error") this.complaints.push(message.params.text);
        const waiter = this.waiting.get(message.id);
        if (!waiter) return;
        this.waiting.delete(message.id);
        if (message.type === "success") waiter.done(message.result);
        else waiter.failed(new Error(`${waiter.method}: ${message.message}`));
    }

    ask(method, params) {
        const id = (this.last = (this.last ?? 0) + 1);
        const answer = new Promise((done, failed) => this.waiting.set(id, { method, done, failed }));
        this.socket.send(JSON.stringify({ id, method, params }));
        return answer;
    }

    // before runs a function in every page before its own scripts.
    before(fn) { return this.ask("script.addPreloadScript", { functionDeclaration: String(fn) }); }
    size(width, height) { return this.ask("browsingContext.setViewport", { context: this.context, viewport: { width, height } }); }
    goto(url) { return this.ask("browsingContext.navigate", { context: this.context, url, wait: "complete" }); }

    // evaluate runs a function in the page; its argument and what it gives are JSON.
    async evaluate(fn, argument = null) {
        const answer = await this.ask("script.callFunction", {
            functionDeclaration: `async (argument) => JSON.stringify(await (${fn})(JSON.parse(argument))) ?? "null"`,
            arguments: [{ type: "string", value: JSON.stringify(argument) }], awaitPromise: true, target: { context: this.context },
        });
        if (answer.type === "exception") throw new Error(answer.exceptionDetails.text);
        return JSON.parse(answer.result.value);
    }

    // until waits for a function of the page to give something; while a page is left there is none to ask.
    async until(fn, argument) {
        for (const end = Date.now() + patience; ; await pause(100)) {
            const value = await this.evaluate(fn, argument).catch(() => undefined);
            if (value) return value;
            if (Date.now() > end) throw new Error(`not seen in time in Firefox: ${fn} ${JSON.stringify(argument)} ${this.complaints.join("\n")}`);
        }
    }

    see(selector) { return this.until((wanted) => document.querySelector(wanted) !== null, selector); }

    // click presses where an element is, once it may be pressed.
    async click(selector) {
        const [x, y] = await this.until((wanted) => {
            const element = document.querySelector(wanted);
            if (!element || element.disabled) return undefined;
            element.scrollIntoView({ block: "center" });
            const box = element.getBoundingClientRect();
            return [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)];
        }, selector);
        await this.ask("input.performActions", { context: this.context, actions: [{
            type: "pointer", id: "mouse", actions: [{ type: "pointerMove", x, y }, { type: "pointerDown", button: 0 }, { type: "pointerUp", button: 0 }],
        }] });
    }

    async type(selector, text) {
        await this.click(selector);
        const keys = [...text].flatMap((value) => [{ type: "keyDown", value }, { type: "keyUp", value }]);
        await this.ask("input.performActions", { context: this.context, actions: [{ type: "key", id: "keys", actions: keys }] });
    }

    async shot(path) {
        const { data } = await this.ask("browsingContext.captureScreenshot", { context: this.context, origin: "document" });
        await writeFile(path, Buffer.from(data, "base64"));
    }

    async close() {
        const ended = new Promise((done) => this.process.once("exit", done));
        await this.ask("browser.close", {}).catch(() => {});
        await Promise.race([ended, pause(10_000)]);
        for (const child of [this.process, this.speaker]) child.kill("SIGKILL");
        await rm(this.profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
    }
}
