// A whole session with ClientWebSocket, as .NET, Mono and Unity have it: register, join, match, relay, and back after a cut.
//
//   json=/usr/lib/cli/Newtonsoft.Json-5.0/Newtonsoft.Json.dll
//   mcs -r:$json Session.cs && mono Session.exe ws://localhost:8080/ws alice [TOKEN]
//
// It looks for a partner, answers each message of it with the same message, and ends after "bye".
using System;
using System.Collections.Generic;
using System.IO;
using System.Net.WebSockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Newtonsoft.Json.Linq;

class Session {
    static readonly List<int> Final = new List<int> {1000, 1002, 1003, 1007, 1008, 1009, 4001, 4003}; // no use to try again
    readonly byte[] buffer = new byte[131072]; // ClientWebSocket has no limit of its own
    readonly List<JObject> sent = new List<JObject>(); // what the server has not handled, as far as is known
    int last, received; // both sides count: the n-th message since `registered` has the id n
    string token;
    bool isOver;
    ClientWebSocket ws;

    void Send(string type, object payload, object to = null) => sent.Add(JObject.FromObject(new {type, id = ++last, to, payload}));

    void Forget(int number) => sent.RemoveAll(one => (int)one["id"] <= number);

    Task Write(object message) {
        var bytes = new ArraySegment<byte>(Encoding.UTF8.GetBytes(JObject.FromObject(message).ToString()));
        return ws.SendAsync(bytes, WebSocketMessageType.Text, true, CancellationToken.None);
    }

    async Task<JObject> Read() {
        for (int length = 0;;) { // a message comes in parts
            var rest = new ArraySegment<byte>(buffer, length, buffer.Length - length);
            var part = await ws.ReceiveAsync(rest, CancellationToken.None);
            length += part.Count;
            if (part.CloseStatus != null || length == buffer.Length) throw new WebSocketException("closed, or too long");
            if (part.EndOfMessage) return JObject.Parse(Encoding.UTF8.GetString(buffer, 0, length));
        }
    }

    async Task<JToken> Enter(string name, string shown) {
        if (token != null) {
            await Write(new {type = "resume", payload = new {token, received}});
            var resumed = await Read();
            if ((string)resumed["type"] == "resumed") return resumed["payload"];
        }
        await Write(new {type = "register", payload = new {public_key = "key of " + name, alias = name, resume = true, token = shown}});
        var registered = await Read();
        if ((string)registered["type"] != "registered") throw new Exception(registered.ToString());
        last = received = 0;
        sent.Clear();
        Send("join", new {@namespace = "arena"});
        Send("match", new {@namespace = "arena", group_size = 2});
        return registered["payload"];
    }

    void Take(JObject message) {
        Forget((int?)message["id"] ?? 0); // this answers that one: all before it have been handled, too
        if (++received % 32 == 0) Send("ping", new {received}); // the server need not keep those
        var type = (string)message["type"];
        if (type == "matched" || type == "error") Console.WriteLine(type + " " + message["payload"]);
        if (type != "relay") return;
        Send("relay", message["payload"], message["from"]);
        isOver = message["payload"].ToString() == "bye";
    }

    async Task Run(string url, string name, string shown) { // a token that an auth plugin asks for, or null
        for (int delay = 1000;; delay = Math.Min(2 * delay, 30000)) {
            using (ws = new ClientWebSocket()) try {
                await ws.ConnectAsync(new Uri(url), CancellationToken.None);
                var entered = await Enter(name, shown);
                token = (string)entered.SelectToken("session.token");
                Forget((int?)entered["processed"] ?? 0);
                delay = 500;
                int written = 0;
                while (sent.Count > 0 || !isOver) {
                    foreach (var message in sent.FindAll(one => (int)one["id"] > written)) await Write(message);
                    written = last;
                    Take(await Read());
                }
                await ws.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
                return;
            } catch (Exception lost) when (lost is WebSocketException || lost is IOException || lost is InvalidOperationException) {
                if (ws.CloseStatus != null && Final.Contains((int)ws.CloseStatus)) throw;
            }
            await Task.Delay(new Random().Next(delay));
        }
    }

    static void Main(string[] words) {
        new Session().Run(words[0], words[1], words.Length > 2 ? words[2] : null).GetAwaiter().GetResult();
        Environment.Exit(0); // Mono 6.8 may wait for its own threads for ever where Main only returns
    }
}
