// matrix-js-sdk: what happens to a late translation when its reader, who has two devices, does everything with it that
// clients do, and when its author edits and redacts the message.
import { EventType, RelationType } from "matrix-js-sdk";
import { input, report, run, seen, share, started, until } from "./lib.mjs";

const key = "org.medixchange.translation";
const languageOf = (client, language) => client.setAccountData("org.medixchange.language", { language, mode: "in_place" });
const state = (event) => event.getContent()[key]?.state;
const gate = (to) => fetch(`${input.gate}/gate/${to}`, { method: "POST" }); // of the engine
const original = (event) => event.getContent()[key]?.original?.body;

run(async () => {
    const ana = await started(input.ana);
    const bo = [await started(input.bo), await started(input.bo)];
    await languageOf(ana, input.ana.language);
    await languageOf(bo[0], input.bo.language);
    const room = await share(ana, bo[0]);
    await until("the room on the other device", () => bo[1].getRoom(room)?.getMyMembership() === "join");

    await gate("close");
    const { event_id: message } = await ana.sendTextMessage(room, input.message);
    const events = [await seen(bo[0], room, message), await seen(bo[1], room, message)];
    for (const event of events) await until("the original", () => state(event) === "pending");
    await gate("open");
    for (const event of events) await until("the late translation", () => state(event) === "translated");
    const edit = events[0].replacingEventId();
    report("late", {
        bodies: events.map((event) => event.getContent().body), sameEdit: edit === events[1].replacingEventId(),
        unread: bo.map((client) => client.getRoom(room).getRoomUnreadNotificationCount("total")),
    });

    const { event_id: reply } = await bo[0].sendMessage(room, {
        msgtype: "m.text", body: input.reply, "m.relates_to": { "m.in_reply_to": { event_id: edit } },
    });
    await bo[0].sendEvent(room, EventType.Reaction, { "m.relates_to": { rel_type: RelationType.Annotation, event_id: edit, key: "👍" } });
    const answered = await seen(ana, room, reply);
    const reacted = () => ana.getRoom(room).relations.getChildEventsForEvent(message, RelationType.Annotation, EventType.Reaction);
    await until("the reaction", () => reacted()?.getRelations().length === 1);
    report("answered", { toMessage: answered.replyEventId === message, reactedTo: reacted().getSortedAnnotationsByKey()[0][0] });

    const shown = bo[0].getRoom(room).findEventById(edit) ?? events[0].replacingEvent();
    await bo[0].sendReadReceipt(shown);
    await until("the receipt", () => ana.getRoom(room).hasUserReadEvent(bo[0].getUserId(), message));
    for (const client of bo) await until("nothing unread", () => client.getRoom(room).getRoomUnreadNotificationCount("total") === 0);
    const refused = await bo[0].redactEvent(room, edit).then(() => "redacted", (err) => err.errcode);
    report("read", { read: true, redacting: refused });

    await ana.sendMessage(room, {
        "msgtype": "m.text", "body": `* ${input.edit}`, "m.new_content": { msgtype: "m.text", body: input.edit },
        "m.relates_to": { rel_type: RelationType.Replace, event_id: message },
    });
    for (const event of events) await until("the edit", () => original(event) === input.edit && state(event) === "translated");
    report("edit", { bodies: events.map((event) => event.getContent().body) });

    const copy = { ...events[0].getContent() };
    const { event_id: forward } = await bo[1].sendMessage(room, copy);
    const forwarded = await seen(ana, room, forward);
    report("forward", { body: forwarded.getContent().body, from: forwarded.getContent()["org.medixchange.forwarded"], key: Boolean(forwarded.getContent()[key]) });

    await gate("close");
    const poll = (await ana.sendEvent(room, "org.matrix.msc3381.poll.start", {
        "org.matrix.msc3381.poll.start": {
            question: { "org.matrix.msc1767.text": input.poll[0] }, kind: "org.matrix.msc3381.poll.disclosed", max_selections: 1,
            answers: input.poll.slice(1).map((text, i) => ({ "id": `answer-${i}`, "org.matrix.msc1767.text": text })),
        },
        "org.matrix.msc1767.text": input.poll.join("\n"),
    })).event_id;
    const question = (client) => client.getRoom(room)?.polls.get(poll)?.pollEvent.question.text;
    await until("the poll", () => question(bo[0]));
    await gate("open");
    const said = await until("what the bot says", () => bo[0].getRoom(room).getLiveTimeline().getEvents()
        .find((event) => event.getSender() === input.bot && event.replyEventId === poll));
    const third = await started(input.bo);
    await until("the poll on a new device", () => question(third));
    const vote = await bo[0].sendEvent(room, "org.matrix.msc3381.poll.response", {
        "org.matrix.msc3381.poll.response": { answers: ["answer-1"] }, "m.relates_to": { rel_type: "m.reference", event_id: poll },
    });
    await until("the vote at the other hospital", () => ana.getRoom(room).getLiveTimeline().getEvents().some((event) => event.getId() === vote.event_id));
    const responses = await ana.getRoom(room).polls.get(poll).getResponses();
    await until("the vote", () => responses.getRelations().length === 1);
    report("poll", {
        raw: question(bo[0]), said: said.getContent().body, type: said.getContent().msgtype, later: question(third),
        answers: third.getRoom(room).polls.get(poll).pollEvent.answers.map((answer) => [answer.id, answer.text]),
        votes: responses.getRelations()[0].getContent()["org.matrix.msc3381.poll.response"].answers,
    });

    await ana.redactEvent(room, message);
    const everywhere = [...events, third.getRoom(room).findEventById(message)].filter(Boolean);
    for (const event of everywhere) await until("the redaction", () => event.isRedacted());
    report("redaction", { contents: everywhere.map((event) => event.getContent()) });
});
