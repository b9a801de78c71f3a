// matrix-bot-sdk: joins where it is invited, and answers each text with the same text. Ends when its input is closed.
import { AutojoinRoomsMixin, LogLevel, LogService, MatrixAuth, MemoryStorageProvider, MatrixClient } from "matrix-bot-sdk";

const { url, user, password } = JSON.parse(process.env.INPUT).bot;

LogService.setLevel(LogLevel.ERROR);
const login = await new MatrixAuth(url).passwordLogin(user, password);
const client = new MatrixClient(url, login.accessToken, new MemoryStorageProvider());
const self = await client.getUserId();
AutojoinRoomsMixin.setupOnClient(client);
client.on("room.join", (room) => console.log(JSON.stringify({ step: "join", room })));
client.on("room.message", async (room, event) => {
    if (event.sender === self || event.content?.msgtype !== "m.text") return;
    const sent = await client.replyNotice(room, event, event.content.body);
    console.log(JSON.stringify({ step: "echo", body: event.content.body, sent }));
});
await client.start();
console.log(JSON.stringify({ step: "ready", user: self }));
process.stdin.on("end", () => process.exit(0)).resume();
