// What the scripts share that drive browsers with fake cameras and microphones.
import { chromium } from "playwright-core";

export const patience = 90_000; // ms; nothing that works takes so long
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const fakeDevices = [
    "--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required", "--disable-features=WebRtcHideLocalIpsWithMdns",
];

// launched is a Chromium and its server, by which it can be killed.
export async function launched(executablePath) {
    const server = await chromium.launchServer({ executablePath, args: fakeDevices });
    return { server, browser: await chromium.connect(server.wsEndpoint()) };
}

// keepConnections lets the test ask what arrives: a page's own connections are not to be reached otherwise.
export function keepConnections() {
    globalThis.connections = [];
    const Plain = globalThis.RTCPeerConnection;
    globalThis.RTCPeerConnection = class extends Plain {
        constructor(...args) { super(...args); globalThis.connections.push(this); }
    };
}

// arrivals, in a page, sums what it receives: frames that were decoded and the energy of sound, and of how many others.
export async function arrivals() {
    const seen = { frames: 0, energy: 0, pictures: 0, voices: 0 };
    for (const connection of globalThis.connections ?? []) {
        if (connection.connectionState === "closed") continue;
        for (const stat of (await connection.getStats()).values()) {
            if (stat.type !== "inbound-rtp") continue;
            seen.frames += stat.framesDecoded ?? 0;
            seen.energy += stat.totalAudioEnergy ?? 0;
            if (stat.framesDecoded > 20) seen.pictures++;
            if (stat.totalAudioEnergy > 0) seen.voices++;
        }
    }
    return seen;
}

// untilSeenAndHeard waits until a page shows and sounds others; where is asked each time, since frames are replaced.
export async function untilSeenAndHeard(others, where) {
    const began = Date.now();
    let seen;
    while (Date.now() - began < patience) {
        seen = await where()?.evaluate(arrivals).catch(() => undefined);
        if (seen?.pictures >= others && seen.voices >= others) return { ...seen, ms: Date.now() - began };
        await pause(200);
    }
    throw new Error(`not seen and heard: ${JSON.stringify(seen)} of ${others}`);
}
