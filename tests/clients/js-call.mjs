// matrix-js-sdk: calls by MatrixRTC. The caller joins one call with state events and one with sticky events, and stays until
// it is killed; the watcher, at another hospital, sees it come and, by its delayed events, go.
import { input, report, run, started, until } from "./lib.mjs";

const transport = { type: "livekit", livekit_service_url: "https://sfu.example.org" };

run(async () => {
    const client = await started(input.seat, { lazyLoadMembers: false });
    const rooms = await until("the rooms", () => {
        const found = Object.fromEntries(Object.entries(input.rooms).map(([kind, id]) => [kind, client.getRoom(id)]));
        return Object.values(found).every((r) => r?.getMyMembership() === "join") && found;
    });
    await (input.calls ? call(client, rooms) : watch(client, rooms));
});

async function call(client, rooms) {
    const [userId, deviceId] = [client.getUserId(), client.getDeviceId()];
    for (const [kind, room] of Object.entries(rooms)) {
        client.matrixRTC.getRoomSession(room).joinRTCSession({ userId, deviceId, memberId: `${userId}:${deviceId}` }, [transport],
            kind === "sticky" ? transport : undefined, {
                delayedLeaveEventDelayMs: 6000, delayedLeaveEventRestartMs: 1000, unstableSendStickyEvents: kind === "sticky",
                notificationType: "ring",
            });
    }
    for (const room of Object.values(rooms)) {
        const session = client.matrixRTC.getRoomSession(room);
        await until("being connected", () => session.membershipStatus === "Connected" && session.delayId);
    }
    report("joined", { delayed: (await client._unstable_getDelayedEvents()).scheduled.length });
    await new Promise(() => setInterval(() => {}, 1000)); // until it is killed
}

async function watch(client, rooms) {
    for (const [kind, room] of Object.entries(rooms)) {
        const session = client.matrixRTC.getRoomSession(room);
        await until("the member", () => session.memberships.length === 1);
        const ring = await until("the ringing", () =>
            room.getLiveTimeline().getEvents().find((e) => e.getType() === "org.matrix.msc4075.rtc.notification"));
        await until("the count", () => room.getUnreadNotificationCount("total") === 1);
        report(kind, {
            by: session.memberships[0].userId, rings: ring.getContent().notification_type,
            actions: client.getPushActionsForEvent(ring), highlights: room.getUnreadNotificationCount("highlight"),
        });
    }
    for (const room of Object.values(rooms)) {
        const session = client.matrixRTC.getRoomSession(room);
        await until("the leave", () => session.memberships.length === 0);
    }
    report("left", { nobody: true });
}
