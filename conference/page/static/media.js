// The SFUs: one publishes at one's own hospital's and listens at each.
import { ask, me, proof, Refused } from "./api.js";
import { SLOT } from "./call.js";

const { Room, RoomEvent, Track } = globalThis.LivekitClient;
const AGAIN = 3000; // ms before an SFU is tried again

// signalling is the SFU's own address at hospitals of this kind, from that of its service.
const signalling = (service) => service.replace(/^http/, "ws").replace(/\/livekit\/jwt\/?$/, "/livekit/sfu");

async function atService(room, service) {
    const openid = await proof();
    return ask("POST", `${service.replace(/\/$/, "")}/sfu/get`, { room, openid_token: openid, device_id: me.device }, { foreign: true });
}

// ofNode asks one's own node for a token (MSC4195); where server is another hospital's, it asks there.
async function ofNode(room, service, server, member) {
    const url = signalling(service);
    const answer = await ask("POST", "/_matrix/client/unstable/io.element.msc4195/rtc/livekit/get_token", {
        ...(server ? { server_name: server } : {}), url, room_id: room, slot_id: SLOT, member,
    });
    return { jwt: answer.jwt, url: answer.url || url };
}

// elsewhere gets a token for another hospital's SFU through one's own node; hospitals that cannot give it so are asked directly.
async function elsewhere(room, service, server) {
    try {
        return await ofNode(room, service, server, { id: `${me.user}:${me.device}`, claimed_device_id: me.device });
    } catch (error) {
        if (error instanceof Refused && error.status === 403) throw error;
        return atService(room, service);
    }
}

// Media tells of "changed", "speakers", "data" and "lost" (one was removed; detail is the reason).
export class Media extends EventTarget {
    constructor(roomID) {
        super();
        this.roomID = roomID;
        this.own = "";
        this.sfus = new Map(); // by the address of the service
    }

    get publisher() { return this.sfus.get(this.own)?.room; }

    // join connects to one's own SFU, to publish there under the name that others expect: that of member as MSC4195 makes it, or, without
    // one, that of older clients.
    async join(service, member) {
        this.own = service;
        this.member = member;
        await this.open(service, "");
    }

    // follow keeps connections to the SFUs where others publish, and to no others.
    follow(wanted) {
        for (const [service, server] of wanted) if (!this.sfus.has(service)) this.open(service, server).catch(() => {});
        for (const service of this.sfus.keys()) if (service !== this.own && !wanted.has(service)) this.close(service);
    }

    async open(service, server) {
        const mine = service === this.own;
        const room = new Room({ adaptiveStream: true, dynacast: true, disconnectOnPageLeave: true });
        const entry = { room, server, closed: false };
        this.sfus.set(service, entry);
        this.watch(room, service);
        try {
            const token = await this.token(service, server);
            await room.connect(token.url, token.jwt, { autoSubscribe: true });
            this.tell("changed");
        } catch (error) {
            if (mine) {
                this.sfus.delete(service);
                throw error;
            }
            this.again(service, entry);
        }
    }

    token(service, server) {
        if (service !== this.own) return elsewhere(this.roomID, service, server);
        return this.member ? ofNode(this.roomID, service, "", this.member) : atService(this.roomID, service);
    }

    again(service, entry) {
        setTimeout(() => {
            if (entry.closed || this.sfus.get(service) !== entry) return;
            this.sfus.delete(service);
            this.open(service, entry.server).catch(() => {});
        }, AGAIN);
    }

    watch(room, service) {
        const changed = () => this.tell("changed");
        for (const event of [RoomEvent.TrackSubscribed, RoomEvent.TrackUnsubscribed, RoomEvent.ParticipantConnected, RoomEvent.ParticipantDisconnected,
            RoomEvent.TrackMuted, RoomEvent.TrackUnmuted, RoomEvent.LocalTrackPublished, RoomEvent.LocalTrackUnpublished, RoomEvent.ConnectionStateChanged]) room.on(event, changed);
        room.on(RoomEvent.ActiveSpeakersChanged, () => this.tell("speakers"));
        room.on(RoomEvent.DataReceived, (payload, participant, kind, topic) => this.tell("data", { payload, topic, identity: participant?.identity ?? "" }));
        room.on(RoomEvent.Disconnected, (reason) => {
            const entry = this.sfus.get(service);
            if (!entry || entry.closed || entry.room !== room) return;
            if (service === this.own) this.tell("lost", reason);
            else this.again(service, entry);
        });
    }

    tell(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }

    close(service) {
        const entry = this.sfus.get(service);
        if (!entry) return;
        entry.closed = true;
        this.sfus.delete(service);
        entry.room.disconnect();
        this.tell("changed");
    }

    leave() { for (const service of [...this.sfus.keys()]) this.close(service); }

    // people gives what each SFU identity sends: audio, picture, screen, and whether they speak.
    people() {
        const found = new Map();
        for (const { room } of this.sfus.values()) {
            for (const p of [room.localParticipant, ...room.remoteParticipants.values()]) {
                const seen = found.get(p.identity) ?? { identity: p.identity, local: false, speaking: false, muted: true, tracks: new Map() };
                seen.local ||= p === room.localParticipant;
                seen.speaking ||= p.isSpeaking;
                for (const publication of p.trackPublications.values()) {
                    if (publication.source === Track.Source.Microphone) seen.muted = publication.isMuted;
                    if (publication.track && !(publication.kind === Track.Kind.Video && publication.isMuted)) seen.tracks.set(publication.source, publication.track);
                }
                found.set(p.identity, seen);
            }
        }
        return found;
    }

    connected() { return this.publisher?.state === "connected"; }
}
