#pragma once

#include <string>
#include <vector>

#include "tests/support/admin_client.h"
#include "tests/support/free_port.h"
#include "tests/support/server_test.h"

namespace peer::test {

inline const std::string kAdminToken = "an-admin-token-of-32-characters-";
inline const std::string kReadToken = "a-token-of-32-characters-to-read";

/// A test with a server that has the Server API.
class AdminTest : public ServerTest {
 protected:
  void start_admin(std::vector<std::string> settings = {}) {
    admin_port_ = free_port();
    settings.insert(settings.end(), {fmt("admin_port=%", static_cast<int>(admin_port_)),
                                     "admin_token=" + kAdminToken});
    start(std::move(settings));
  }
  AdminClient admin(const std::string& token = kAdminToken) { return {admin_port_, token}; }

  std::uint16_t admin_port_ = 0;
};

}  // namespace peer::test
