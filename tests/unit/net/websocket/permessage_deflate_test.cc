#include "core/net/websocket/permessage_deflate.h"

#include <gtest/gtest.h>

#include <string>

namespace peer {
namespace {

const std::string kBoth =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

std::string answer_to(const std::vector<std::string>& headers) {
  HttpRequest request;
  request.headers.emplace_back("Host", "x");
  for (const std::string& header : headers) {
    request.headers.emplace_back("sec-websocket-extensions", header);
  }
  const auto offers = read_extension_offers(request);
  if (!offers) return "refused";
  const auto agreement = agree_on_deflate(*offers);
  return agreement ? agreement->header : "declined";
}

struct Negotiation {
  std::string offer;
  std::string answer;
};

class PermessageDeflateTest : public testing::TestWithParam<Negotiation> {};

TEST_P(PermessageDeflateTest, IsAnsweredAsRfc7692Says) {
  EXPECT_EQ(answer_to({GetParam().offer}), GetParam().answer);
}

INSTANTIATE_TEST_SUITE_P(
    Accepted, PermessageDeflateTest,
    testing::Values(Negotiation{"permessage-deflate", kBoth},
                    Negotiation{" permessage-deflate ", kBoth},
                    Negotiation{"permessage-deflate; server_no_context_takeover", kBoth},
                    Negotiation{"permessage-deflate;client_no_context_takeover", kBoth},
                    Negotiation{"permessage-deflate; client_max_window_bits", kBoth},
                    Negotiation{"permessage-deflate; client_max_window_bits=8", kBoth},
                    Negotiation{"permessage-deflate; client_max_window_bits=15", kBoth},
                    Negotiation{"permessage-deflate; client_max_window_bits=\"10\"", kBoth},
                    Negotiation{"permessage-deflate; server_max_window_bits=9",
                                kBoth + "; server_max_window_bits=9"},
                    Negotiation{
                        "permessage-deflate; server_max_window_bits=\"12\"; client_max_window_bits",
                        kBoth + "; server_max_window_bits=12"},
                    Negotiation{"permessage-deflate; server_max_window_bits=15",
                                kBoth + "; server_max_window_bits=15"},
                    Negotiation{"x-webkit-deflate-frame, permessage-deflate", kBoth},
                    Negotiation{",, foo; a=1; b=\"c\\d\" ,permessage-deflate", kBoth}));

INSTANTIATE_TEST_SUITE_P(
    TheFirstThatCanBeMet, PermessageDeflateTest,
    testing::Values(Negotiation{"permessage-deflate; server_max_window_bits=8, permessage-deflate; "
                                "server_max_window_bits=10, permessage-deflate",
                                kBoth + "; server_max_window_bits=10"},
                    Negotiation{"permessage-deflate; foo, permessage-deflate", kBoth}));

INSTANTIATE_TEST_SUITE_P(
    Declined, PermessageDeflateTest,
    testing::Values(
        Negotiation{"foo", "declined"}, Negotiation{"permessage-bzip2", "declined"},
        Negotiation{"permessage-deflate; foo", "declined"},
        Negotiation{"permessage-deflate; server_max_window_bits", "declined"},
        Negotiation{"permessage-deflate; server_max_window_bits=7", "declined"},
        Negotiation{"permessage-deflate; server_max_window_bits=8", "declined"},
        Negotiation{"permessage-deflate; server_max_window_bits=16", "declined"},
        Negotiation{"permessage-deflate; server_max_window_bits=09", "declined"},
        Negotiation{"permessage-deflate; server_max_window_bits=+9", "declined"},
        Negotiation{"permessage-deflate; server_max_window_bits=99999999999999999999", "declined"},
        Negotiation{"permessage-deflate; server_max_window_bits=\"7\"", "declined"},
        Negotiation{"permessage-deflate; client_max_window_bits=7", "declined"},
        Negotiation{"permessage-deflate; client_max_window_bits=16", "declined"},
        Negotiation{"permessage-deflate; client_max_window_bits=x", "declined"},
        Negotiation{"permessage-deflate; server_no_context_takeover=1", "declined"},
        Negotiation{"permessage-deflate; client_no_context_takeover=true", "declined"},
        Negotiation{"permessage-deflate; client_no_context_takeover; client_no_context_takeover",
                    "declined"},
        Negotiation{"permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
                    "declined"}));

INSTANTIATE_TEST_SUITE_P(
    UngrammaticalFailsTheHandshake, PermessageDeflateTest,
    testing::Values(Negotiation{"", "refused"}, Negotiation{",", "refused"},
                    Negotiation{"permessage-deflate; a=\"b c\"", "refused"},
                    Negotiation{"foo; a=\"\", permessage-deflate", "refused"},
                    Negotiation{"permessage-deflate;", "refused"},
                    Negotiation{"permessage-deflate; =1", "refused"},
                    Negotiation{"permessage-deflate; server_max_window_bits=", "refused"},
                    Negotiation{"permessage-deflate; server_max_window_bits=\"10", "refused"},
                    Negotiation{"permessage-deflate; a=\"\\", "refused"},
                    Negotiation{"permessage-deflate permessage-deflate", "refused"},
                    Negotiation{"permessage-deflate, (", "refused"}));

TEST(PermessageDeflateHeadersTest, SeveralHeadersAreOneList) {
  EXPECT_EQ(answer_to({"permessage-deflate; server_max_window_bits=8", "permessage-deflate"}),
            kBoth);
  EXPECT_EQ(answer_to({"", "permessage-deflate"}), kBoth);
  EXPECT_EQ(answer_to({"permessage-deflate", "("}), "refused");
  EXPECT_EQ(answer_to({}), "declined");
}

}  // namespace
}  // namespace peer
