// matrix-js-sdk: two clinicians write in their own languages, and each reads the other in theirs.
import { input, report, run, seen, share, started, until } from "./lib.mjs";

const key = "org.medixchange.translation";

run(async () => {
    const ana = await started(input.ana);
    const bo = await started(input.bo);
    await ana.setAccountData("org.medixchange.language", { language: input.ana.language, mode: "in_place" });
    await bo.setAccountData("org.medixchange.language", { language: input.bo.language, mode: "in_place" });
    const room = await share(ana, bo);

    const { event_id: message } = await ana.sendTextMessage(room, input.message);
    const event = await seen(bo, room, message);
    report("first", { content: event.getContent() });
    if (input.late) await until("the late translation", () => event.getContent()[key]?.state === "translated");
    report("read", { content: event.getContent(), edited: Boolean(event.replacingEvent()) });
    const own = await seen(ana, room, message);
    report("own", { content: own.getContent() });

    await bo.sendReadReceipt(bo.getRoom(room).getLastLiveEvent());
    await until("the receipt", () => ana.getRoom(room).hasUserReadEvent(bo.getUserId(), message));
    await until("nothing unread", () => bo.getRoom(room).getRoomUnreadNotificationCount("total") === 0);

    if (!input.edit) return;
    await ana.sendMessage(room, {
        "msgtype": "m.text", "body": `* ${input.edit}`,
        "m.new_content": { msgtype: "m.text", body: input.edit },
        "m.relates_to": { rel_type: "m.replace", event_id: message },
    });
    await until("the edit", () => event.getContent()[key]?.original?.body === input.edit);
    report("edit", { content: event.getContent() });
});
