// A page that shows Element Call as a widget, as a Matrix client does: matrix-js-sdk speaks with the hospital, matrix-widget-api with
// Element Call in its frame. The test calls what stands in globalThis.host.
import { ClientEvent, EventType, RoomStateEvent } from "matrix-js-sdk";
import { RoomStickyEventsEvent } from "matrix-js-sdk/lib/models/room-sticky-events";
import { ClientWidgetApi, OpenIDRequestState, Widget, WidgetDriver } from "matrix-widget-api";
import { started } from "./lib.mjs";

const raw = (event) => event.getEffectiveEvent();

// HospitalDriver does for the widget what the widget asks for. Everything is allowed: it is Element Call in one's own call.
class HospitalDriver extends WidgetDriver {
    constructor(client, room) { super(); Object.assign(this, { client, room }); }

    async validateCapabilities(wanted) { return wanted; }
    askOpenID(observer) { this.client.getOpenIdToken().then((token) => observer.update({ state: OpenIDRequestState.Allowed, token })); }
    async getRtcTransports() { return { rtc_transports: await this.client._unstable_getRTCTransports() }; }
    async getRtcLivekitToken(data) { return this.client._unstable_getLivekitToken(data); }
    async delegateRtcLivekitDelayedLeave(data) { return this.client._unstable_delegateDelayedLeave(data); }
    getKnownRooms() { return [this.room]; }

    async sendEvent(type, content, stateKey = null, room = null) {
        const at = room ?? this.room;
        const sent = stateKey !== null ? await this.client.sendStateEvent(at, type, content, stateKey)
            : type === EventType.RoomRedaction ? await this.client.redactEvent(at, content.redacts) : await this.client.sendEvent(at, type, content);
        return { roomId: at, eventId: sent.event_id };
    }

    async sendStickyEvent(duration, type, content, room = null) {
        const sent = await this.client._unstable_sendStickyEvent(room ?? this.room, duration, null, type, content);
        return { roomId: room ?? this.room, eventId: sent.event_id };
    }

    async sendDelayedEvent(delay, type, content, stateKey = null, room = null) {
        const at = room ?? this.room;
        const sent = stateKey !== null ? await this.client._unstable_sendDelayedStateEvent(at, { delay }, type, content, stateKey)
            : await this.client._unstable_sendDelayedEvent(at, { delay }, null, type, content);
        return { roomId: at, delayId: sent.delay_id };
    }

    async sendDelayedStickyEvent(delay, duration, type, content, room = null) {
        const sent = await this.client._unstable_sendStickyDelayedEvent(room ?? this.room, duration, { delay }, null, type, content);
        return { roomId: room ?? this.room, delayId: sent.delay_id };
    }

    async cancelScheduledDelayedEvent(id) { await this.client._unstable_cancelScheduledDelayedEvent(id); }
    async restartScheduledDelayedEvent(id) { await this.client._unstable_restartScheduledDelayedEvent(id); }
    async sendScheduledDelayedEvent(id) { await this.client._unstable_sendScheduledDelayedEvent(id); }

    // processError hands the hospital's answer on, by which Element Call decides whether to schedule anew.
    processError(error) {
        return error?.asWidgetApiErrorData ? { matrix_api_error: error.asWidgetApiErrorData() } : undefined;
    }

    async readRoomTimeline(room, type, msgtype, stateKey, limit) {
        const events = this.client.getRoom(room).getLiveTimeline().getEvents().filter((e) => e.getType() === type && (stateKey === undefined || e.getStateKey() === stateKey));
        return events.slice(limit ? -limit : 0).map(raw);
    }

    async readRoomState(room, type, stateKey) {
        const state = this.client.getRoom(room).getLiveTimeline().getState("f");
        const events = stateKey === undefined ? state.getStateEvents(type) : [state.getStateEvents(type, stateKey)];
        // Oneself first: where a sticky event comes before the state, Element Call's client sees that one has joined only when
        // something comes after one's own membership.
        const own = (e) => e.getStateKey() === this.client.getUserId();
        return events.filter((e) => e).sort((a, b) => own(b) - own(a)).map(raw);
    }

    async readStickyEvents(room) { return [...this.client.getRoom(room)._unstable_getStickyEvents()].map(raw); }

    async readEventRelations(event, room, relation, type, from, to, limit, direction) {
        const found = await this.client.relations(room ?? this.room, event, relation ?? null, type ?? null, { from, to, limit, dir: direction });
        return { chunk: found.events.map(raw), nextBatch: found.nextBatch, prevBatch: found.prevBatch };
    }
}

// members are those who say that they are in the call, as this page's hospital shows them.
function members(room) {
    const state = room.getLiveTimeline().getState("f").getStateEvents("org.matrix.msc3401.call.member")
        .filter((e) => Object.keys(e.getContent()).length > 0).map((e) => e.getSender());
    const sticky = [...room._unstable_getStickyEvents()].filter((e) => e.getType().endsWith("rtc.member") && e.getContent().application).map((e) => e.getSender());
    return { state, sticky };
}

globalThis.host = {
    async login(seat) {
        this.client = await started(seat, { lazyLoadMembers: false });
        return this.client.getUserId();
    },
    async joined(room) {
        if (this.client.getRoom(room)?.getMyMembership() !== "join") await this.client.joinRoom(room);
    },
    members(room) { return members(this.client.getRoom(room)); },
    // show opens Element Call; packaged is where its index.html is.
    show({ packaged, room, intent, lang }) {
        const client = this.client;
        const params = new URLSearchParams({
            widgetId: "call", parentUrl: location.origin, roomId: room, userId: client.getUserId(), deviceId: client.getDeviceId(),
            baseUrl: client.baseUrl, intent, lang, theme: "light", confineToRoom: "true", skipLobby: "true", perParticipantE2EE: "false", header: "none",
        });
        const frame = document.createElement("iframe");
        document.body.append(frame);
        frame.allow = "camera; microphone; display-capture; autoplay";
        frame.style.cssText = "width:1200px;height:800px;border:0";
        const url = `${packaged}#?${params}`;
        const widget = new Widget({ id: "call", creatorUserId: client.getUserId(), type: "m.call", url, waitForIframeLoad: false });
        const driver = new HospitalDriver(client, room);
        const api = new ClientWidgetApi(widget, frame, driver);
        api.setViewedRoomId(room);
        frame.src = url;
        this.actions = [];
        for (const action of ["io.element.join", "im.vector.hangup", "io.element.close", "io.element.device_mute", "set_always_on_screen"]) {
            api.on(`action:${action}`, (event) => {
                event.preventDefault();
                this.actions.push(action);
                api.transport.reply(event.detail, action === "set_always_on_screen" ? { success: true } : {});
            });
        }
        const feed = (event) => { if (event.getRoomId() === room) void api.feedEvent(raw(event)); };
        client.on(ClientEvent.Event, feed); // as they come from the hospital: the timeline has one's own first without their ids
        client.on(RoomStateEvent.Events, (event) => { if (event.getRoomId() === room) void api.feedStateUpdate(raw(event)); });
        client.getRoom(room).on(RoomStickyEventsEvent.Update, (added, updated) => {
            for (const event of [...added, ...updated.map((u) => u.current)]) feed(event);
        });
        this.api = api;
    },
    async hangup() { await this.api.transport.send("im.vector.hangup", {}); },
};
