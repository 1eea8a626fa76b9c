#pragma once

#include <peer/sdk/broker_types.h>

#include "plugins/broker_kit/announcements.h"
#include "plugins/broker_kit/cluster_view.h"
#include "plugins/broker_kit/directed.h"
#include "plugins/broker_kit/envelope.h"
#include "plugins/broker_kit/event_loop.h"
#include "plugins/broker_kit/member_counts.h"
#include "plugins/broker_kit/mirror.h"
#include "plugins/broker_kit/node_state.h"
#include "plugins/broker_kit/outage_queue.h"
#include "plugins/broker_kit/outcomes.h"
#include "plugins/broker_kit/router.h"
#include "plugins/broker_kit/shared_state.h"
#include "plugins/broker_kit/stream_gate.h"
#include "plugins/broker_kit/transport.h"
#include "plugins/broker_kit/version.h"

namespace peer_redis {

// What this plugin takes from plugins/broker_kit.
using peer_broker_kit::Announcements;
using peer_broker_kit::Answer;
using peer_broker_kit::Clock;
using peer_broker_kit::ClusterView;
using peer_broker_kit::Directed;
using peer_broker_kit::DirectedEnvelope;
using peer_broker_kit::Errand;
using peer_broker_kit::EventLoop;
using peer_broker_kit::Fields;
using peer_broker_kit::Fingerprint;
using peer_broker_kit::LoopRef;
using peer_broker_kit::MemberCounts;
using peer_broker_kit::Mirror;
using peer_broker_kit::NodeState;
using peer_broker_kit::Registered;
using peer_broker_kit::RoomTerms;
using peer_broker_kit::Router;
using peer_broker_kit::SharedState;
using peer_broker_kit::StreamGate;
using peer_broker_kit::Task;
using peer_broker_kit::Time;
using peer_broker_kit::Transport;
using peer_broker_kit::Watches;

using peer_broker_kit::append_field;
using peer_broker_kit::envelope;
using peer_broker_kit::from_hex;
using peer_broker_kit::is_probe;
using peer_broker_kit::kMajorVersion;
using peer_broker_kit::kProved;
using peer_broker_kit::kRoomCloses;
using peer_broker_kit::pack;
using peer_broker_kit::read_directed;
using peer_broker_kit::read_head;
using peer_broker_kit::terms_of;
using peer_broker_kit::to_hex;
using peer_broker_kit::to_number;
using peer_broker_kit::unpack;
using peer_broker_kit::version_text;
using peer_broker_kit::watches_text;

/// How the core is answered.
template <typename Outcome>
using ReplyTo = peer::sdk::BrokerReply<Outcome>;

}  // namespace peer_redis
