// What runs in a page that has loaded the PeerJS client of npm: peers and connections by name, and for each of them what it
// has told, in order; each stage has names of its own. `Peer` is a global.
export function installStages(deadline) {
  const stages = new Map();
  globalThis.stage = (scope) => {
    if (!stages.has(scope)) stages.set(scope, makeStage());
    return stages.get(scope);
  };

  function makeStage() {
    const things = new Map();

    function watch(name, thing, events) {
      const entry = { thing, heard: [], wake: () => {} };
      for (const [event, told] of Object.entries(events)) {
        thing.on(event, (value) => {
          entry.heard.push(told ? [event, told(value)] : [event]);
          entry.wake();
        });
      }
      things.set(name, entry);
      return entry;
    }

    const errorText = (error) => `${error.type}: ${error.message}`;

    // A connection that came from elsewhere has the name that its metadata give, with who answers it behind it.
    function watchConnection(name, connection) {
      watch(name, connection, { open: null, data: (data) => data, close: null, error: errorText });
    }

    function watchCall(name, call) {
      const entry = watch(name, call, { close: null, error: errorText });
      call.on('stream', async (stream) => {
        if (entry.video) return; // one event for each track
        entry.video = document.createElement('video');
        Object.assign(entry.video, { muted: true, autoplay: true, playsInline: true, srcObject: stream });
        document.body.append(entry.video);
        await new Promise((resolve) => (entry.video.onloadeddata = resolve));
        entry.heard.push(['stream', `${entry.video.videoWidth} x ${entry.video.videoHeight}`]);
        entry.wake();
      });
    }

    // A moving picture of this size.
    function picture(width, height) {
      const canvas = Object.assign(document.createElement('canvas'), { width, height });
      document.body.append(canvas);
      const context = canvas.getContext('2d');
      let hue = 0;
      setInterval(() => {
        context.fillStyle = `hsl(${(hue += 10)} 90% 50%)`;
        context.fillRect(0, 0, width, height);
      }, 40);
      return canvas.captureStream(25);
    }

    return {
      // Starts a peer. `at`: {host, port, path, key?, token?}.
      start(name, at, id) {
        const options = { ...at, config: { iceServers: [] } };
        const peer = id === undefined ? new globalThis.Peer(options) : new globalThis.Peer(id, options);
        watch(name, peer, { open: (id) => id, disconnected: (id) => id, close: null, error: errorText });
        peer.on('connection', (connection) => watchConnection(`${connection.metadata.name}, answered by ${name}`, connection));
        peer.on('call', (call) => {
          watchCall(`${call.metadata.name}, answered by ${name}`, call);
          call.answer(picture(64, 48));
        });
      },
      connect(name, peer, id, options) {
        const { thing } = things.get(peer);
        watchConnection(name, thing.connect(id, { ...options, metadata: { ...options?.metadata, name } }));
      },
      call(name, peer, id) {
        watchCall(name, things.get(peer).thing.call(id, picture(96, 80), { metadata: { name } }));
      },
      send: (name, data) => things.get(name).thing.send(data),
      // Calls a method without a value: disconnect, reconnect, destroy, close.
      tell(name, method) {
        things.get(name).thing[method]();
      },
      isOpen: (name) => things.get(name).thing.open,
      // Resolves once the WebSocket of a peer is open, whatever its server says then.
      async connects(name) {
        const socket = things.get(name).thing.socket._socket;
        if (socket.readyState !== WebSocket.OPEN) {
          await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
        }
      },
      metadata: (name) => things.get(name).thing.metadata,
      list: (name) => new Promise((resolve) => things.get(name).thing.listAllPeers(resolve)),
      heard: (name) => things.get(name).heard,
      // Resolves with all that this thing has told, once that is `count` events or more.
      async hears(name, count) {
        const end = performance.now() + deadline;
        for (;;) {
          const entry = things.get(name);
          if (entry?.heard.length >= count) return entry.heard;
          const left = end - performance.now();
          if (left <= 0) throw new Error(`${name} heard but ${JSON.stringify(entry?.heard)}`);
          await new Promise((resolve) => {
            const timer = setTimeout(resolve, Math.min(left, entry ? left : 20));
            if (entry) {
              entry.wake = () => {
                clearTimeout(timer);
                resolve();
              };
            }
          });
        }
      },
      end() {
        for (const { thing } of things.values()) thing.destroy?.();
        things.clear();
      },
    };
  }
}
