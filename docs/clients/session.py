"""A whole session with the package `websockets`: register, join, match, relay, and back after a cut.

    python3 session.py ws://localhost:8080/ws alice [TOKEN]

It looks for a partner, answers each message of it with the same message, and ends after "bye"."""
import asyncio, json, random, sys, websockets

FINAL = {1000, 1002, 1003, 1007, 1008, 1009, 4001, 4003}  # connecting again would not help

class Session:
    token, is_over = None, False

    def send(self, type, **fields):  # both sides count: the n-th message since `registered` has the id n
        self.last += 1
        self.sent.append({"type": type, "id": self.last, **fields})

    def forget(self, number):  # so many of our messages have been handled; `sent` keeps the later ones
        self.sent = [message for message in self.sent if message["id"] > number]

    async def ask(self, type, **payload):
        await self.ws.send(json.dumps({"type": type, "payload": payload}))
        answer = json.loads(await self.ws.recv())
        return answer["type"], answer["payload"]

    async def enter(self, name, **token):
        if self.token:
            type, answer = await self.ask("resume", token=self.token, received=self.received)
            if type == "resumed":
                self.token = answer["session"]["token"]
                return self.forget(answer["processed"])
        type, answer = await self.ask("register", public_key="key of " + name, alias=name, resume=True, **token)
        if type != "registered":
            raise SystemExit(answer["message"])
        self.token = answer.get("session", {}).get("token")
        self.received, self.last, self.sent = 0, 0, []
        self.send("join", payload={"namespace": "arena"})
        self.send("match", payload={"namespace": "arena", "group_size": 2})

    def take(self, type, payload=None, id=0, **fields):
        self.received += 1
        self.forget(id)  # this answers that one: all before it have been handled, too
        if self.received % 32 == 0:
            self.send("ping", payload={"received": self.received})  # the server need not keep those
        if type in ("matched", "error"):
            print(type, payload, flush=True)
        if type == "relay":
            self.send("relay", to=fields["from"], payload=payload)
            self.is_over = payload == "bye"

    async def talk(self):
        written = 0
        while self.sent or not self.is_over:
            for message in self.sent:
                if message["id"] > written:
                    await self.ws.send(json.dumps(message))
            written = self.last
            self.take(**json.loads(await self.ws.recv()))

async def run(url, name, token=None):
    session, delay = Session(), 1
    shown = {"token": token} if token else {}  # who asks for one: docs/authentication.md
    while True:
        try:
            async with websockets.connect(url, max_size=131072) as session.ws:
                await session.enter(name, **shown)
                delay = 1
                return await session.talk()
        except websockets.ConnectionClosed as closed:
            if closed.code in FINAL:
                raise
        except (OSError, asyncio.TimeoutError, websockets.InvalidHandshake):
            pass  # nobody is there yet
        await asyncio.sleep(random.uniform(0, delay))
        delay = min(2 * delay, 30)

asyncio.run(run(*sys.argv[1:]))
