// The PeerServer of npm (package `peer`) in a process of its own, since its timers never end: the options come as JSON, and
// its port is told to the process that forked this one, and then each id whose client has gone. Without the last listener it would end at the first message that
// is no JSON.
import { PeerServer } from 'peer';

const options = JSON.parse(process.argv[2]);
const app = PeerServer({ host: '127.0.0.1', port: 0, ...options }, (server) => process.send({ port: server.address().port }));
app.on('disconnect', (client) => process.send({ gone: client.getId() }));
app.on('error', () => {});
