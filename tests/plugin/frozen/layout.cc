// Prints the layout of what a plugin and a server exchange, a line each: "size Name bytes" of
// structs that a plugin makes or both compile, "least Name bytes" of structs that it only reads,
// which may grow at their end, and "at Name.member offset". Compiled with the headers of a frozen
// SDK and with today's. `structs` looks that none is left out.
#include <cstddef>
#include <cstdio>

#include <peer/sdk/auth.h>
#include <peer/sdk/broker.h>
#include <peer/sdk/match_strategy.h>
#include <peer/sdk/plugin.h>
#include <peer/sdk/room_policy.h>

#if PEER_SDK_REVISION >= 7
#include <peer/sdk/dialect.h>
#endif

using namespace peer::sdk;

// offsetof() of types that are not of standard layout: conditionally supported, and by both
// compilers.
#pragma GCC diagnostic ignored "-Winvalid-offsetof"

#define SIZE(type) std::printf("size %s %zu\n", #type, sizeof(type))
#define LEAST(type) std::printf("least %s %zu\n", #type, sizeof(type))
#define AT(type, member) std::printf("at %s.%s %zu\n", #type, #member, offsetof(type, member))

// Of the SDKs since revision 7.
static void print_what_came_later() {
#if PEER_SDK_REVISION >= 7
  LEAST(RoomViewer);
  AT(RoomViewer, proved);
  AT(RoomViewer, now);
  LEAST(RoomEntry);
  AT(RoomEntry, members);

  SIZE(MatchGroups);
  LEAST(MatchTraits);
  AT(MatchTraits, judges);
  AT(MatchTraits, makes_teams);
  AT(MatchTraits, forecasts);
  AT(MatchTraits, changes_with_time);

  SIZE(ListedRoom);
  SIZE(RoomPage);
  SIZE(ParkedSession);
  SIZE(ParkOutcome);
  SIZE(TakenMembership);
  SIZE(TakeOutcome);
  SIZE(Watches);
  SIZE(WatchedNamespace);
  SIZE(AwayNews);
  LEAST(PeerTake);
  AT(PeerTake, node);
  AT(PeerTake, number);
  AT(PeerTake, proved);
  AT(PeerTake, takes_over);
  AT(PeerTake, watches);

  SIZE(DialectTraits);
  SIZE(DialectResponse);
  SIZE(DialectEntry);
  SIZE(DialectRejection);
  SIZE(JsonMemberView);
  LEAST(DialectRequest);
  AT(DialectRequest, path);
  AT(DialectRequest, query);
  AT(DialectRequest, origin);
  AT(DialectRequest, remote_address);
  AT(DialectRequest, tls);
  AT(DialectRequest, headers);
  AT(DialectRequest, ids);
  LEAST(DialectRefusal);
  AT(DialectRefusal, code);
  AT(DialectRefusal, message);
  LEAST(DialectEnding);
  AT(DialectEnding, reason);
  LEAST(DialectMessage);
  AT(DialectMessage, type);
  AT(DialectMessage, from);
  AT(DialectMessage, ns);
  AT(DialectMessage, id);
  AT(DialectMessage, payload);
  AT(DialectMessage, data);
  AT(DialectMessage, code);
  std::printf("interface Dialect %u\n", Dialect::kApiVersion);
#endif
}

int main() {
  SIZE(Value);
  SIZE(Result<void>);
  SIZE(Result<Value>);
  SIZE(PluginConfig);
  SIZE(PluginOption);
  SIZE(PluginOptionMap);
  SIZE(PluginOptionMaps);
  SIZE(Error);
  SIZE(Counter);
  SIZE(Fingerprint);
  SIZE(Instant);

  SIZE(AuthGrant);
  AT(AuthGrant, alias);
  AT(AuthGrant, expires);
  AT(AuthGrant, namespaces);
  AT(AuthGrant, rate_per_second);
  AT(AuthGrant, may_create_rooms);
  SIZE(AuthRejection);
  SIZE(AuthPass);
  SIZE(AuthChallenge);
  AT(AuthChallenge, context);
  SIZE(AuthVerdict);
  SIZE(AuthReply);
  LEAST(AuthRequest);
  AT(AuthRequest, remote_address);
  AT(AuthRequest, tls);
  AT(AuthRequest, origin);
  AT(AuthRequest, query);
  AT(AuthRequest, headers);
  AT(AuthRequest, response);
  AT(AuthRequest, context);
  AT(AuthRequest, parsed);
  AT(AuthRequest, refreshes);
  AT(AuthRequest, peer);
  AT(AuthRequest, granted);

  SIZE(RoomDecision);
  AT(RoomDecision, owner);
  AT(RoomDecision, max_size);
  AT(RoomDecision, state);
  AT(RoomDecision, messages);
  AT(RoomDecision, wake_after);
  SIZE(RoomMessage);
  SIZE(RoomRefusal);
  LEAST(RoomView);
  AT(RoomView, owner);
  AT(RoomView, max_size);
  AT(RoomView, members);
  AT(RoomView, state);
  LEAST(RoomRequest);
  AT(RoomRequest, actor);
  AT(RoomRequest, target);
  AT(RoomRequest, message_type);
  AT(RoomRequest, now);
  AT(RoomRequest, actor_proved);
  LEAST(RoomTraits);
  LEAST(RoomOrders);
  AT(RoomOrders, close);
  AT(RoomOrders, keeps_owner);
  LEAST(RoomDescription);

  SIZE(MatchGroup);
  SIZE(MatchForecast);
  LEAST(MatchRequest);
  AT(MatchRequest, criteria_key);
  LEAST(MatchTicket);
  AT(MatchTicket, peer);
  AT(MatchTicket, enqueued);
  AT(MatchTicket, request);

  SIZE(Registered);
  SIZE(RegisterOutcome);
  SIZE(ResolveOutcome);
  SIZE(JoinOutcome);
  SIZE(MemberEntry);
  SIZE(MemberPage);
  SIZE(RoomState);
  SIZE(RoomRecord);
  SIZE(RoomReading);
  SIZE(RoomPost);
  SIZE(RoomNews);
  SIZE(CommitOutcome);
  SIZE(ClaimOutcome);
  SIZE(BrokerStatus);
  SIZE(SharedTicket);
  SIZE(MatchNews);
  SIZE(MatchedPeer);
  SIZE(NamespaceMessage);
  SIZE(DirectedMessage);
  LEAST(JoinRequest);
  AT(JoinRequest, peer);
  AT(JoinRequest, object);
  AT(JoinRequest, max_size);
  AT(JoinRequest, page);
  AT(JoinRequest, room);
  LEAST(RoomCommit);
  AT(RoomCommit, room);
  AT(RoomCommit, posts);
  AT(RoomCommit, kicked);
  AT(RoomCommit, by);

  LEAST(PeerPluginDescriptor);
  AT(PeerPluginDescriptor, api_version);
  AT(PeerPluginDescriptor, kind);
  AT(PeerPluginDescriptor, abi);
  AT(PeerPluginDescriptor, name);
  AT(PeerPluginDescriptor, version);
  AT(PeerPluginDescriptor, create);
  AT(PeerPluginDescriptor, revision);
  AT(PeerPluginDescriptor, create_hosted);
  std::printf("interface Auth %u\n", Auth::kApiVersion);
  std::printf("interface Broker %u\n", Broker::kApiVersion);
  std::printf("interface MatchStrategy %u\n", MatchStrategy::kApiVersion);
  std::printf("interface RoomPolicy %u\n", RoomPolicy::kApiVersion);
  print_what_came_later();
}
