# A whole session in Godot 3: register, join, match, relay, and back after a cut.
#
#   godot3-server -s session.gd ws://localhost:8080/ws alice [TOKEN]
#
# It looks for a partner, answers each message of it with the same message, and ends after "bye".
extends SceneTree

const FINAL = [1000, 1002, 1003, 1007, 1008, 1009, 4001, 4003]  # connecting again would not help
var words = []  # URL, alias and, where an auth plugin asks for one, a token
var ws: WebSocketClient
var token = null
var is_in = false  # `registered` or `resumed` has come on this connection
var is_over = false
var last = 0  # both sides count: the n-th message since `registered` has the id n
var received = 0
var sent = []  # what the server has not handled, as far as is known
var code = 0

func _initialize():
    randomize()
    for word in OS.get_cmdline_args():
        if words or word.begins_with("ws"):
            words.append(word)
    var delay = 1.0
    while not code in FINAL and not (is_over and sent.empty()):
        ws = WebSocketClient.new()
        ws.set_buffers(128, 1024, 128, 1024)  # KB and packets; 64 KB are too little for the longest messages
        ws.connect("connection_established", self, "enter")
        ws.connect("data_received", self, "read")
        ws.connect("server_close_request", self, "closing")
        ws.connect_to_url(words[0])
        while ws.get_connection_status() != WebSocketClient.CONNECTION_DISCONNECTED:
            ws.poll()
            yield(self, "idle_frame")
        delay = 1.0 if is_in else min(2 * delay, 30)
        is_in = false
        yield(create_timer(rand_range(0, delay)), "timeout")
    quit()

func closing(why, _reason):
    code = why

func write(message):
    ws.get_peer(1).set_write_mode(WebSocketPeer.WRITE_MODE_TEXT)
    ws.get_peer(1).put_packet(to_json(message).to_utf8())

func send(message):
    last += 1
    message["id"] = last
    sent.append(message)
    write(message)

func enter(_protocol = ""):
    var payload = {"public_key": "key of " + words[1], "alias": words[1], "resume": true}
    if words.size() > 2:
        payload["token"] = words[2]
    if token:
        payload = {"token": token, "received": received}
    write({"type": "resume" if token else "register", "payload": payload})

func read():
    var message = parse_json(ws.get_peer(1).get_packet().get_string_from_utf8())
    var payload = message.get("payload")
    if is_in:
        take(message, payload)
    elif message["type"] == "resumed":
        is_in = true
        token = payload["session"]["token"]
        forget(payload["processed"])
        for one in sent:
            write(one)
    elif message["type"] == "registered":
        is_in = true
        token = payload.get("session", {}).get("token")
        last = 0
        received = 0
        sent = []
        send({"type": "join", "payload": {"namespace": "arena"}})
        send({"type": "match", "payload": {"namespace": "arena", "group_size": 2}})
    elif token:
        token = null  # that session is over
        enter()
    else:
        print(payload["message"])

func forget(number):
    while sent and sent[0]["id"] <= number:
        sent.pop_front()

func take(message, payload):
    received += 1
    forget(message.get("id", 0))  # this answers that one: all before it have been handled, too
    if received % 32 == 0:
        send({"type": "ping", "payload": {"received": received}})  # the server need not keep those
    if message["type"] in ["matched", "error"]:
        print(message["type"], payload)
    if message["type"] == "relay":
        send({"type": "relay", "to": message["from"], "payload": payload})
        is_over = payload == "bye"
    if is_over and sent.empty():
        ws.disconnect_from_host()
