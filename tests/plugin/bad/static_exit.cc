#include <cstdlib>

namespace {

struct Quitter {
  Quitter() { std::_Exit(3); }
};
const Quitter kQuitter;

}  // namespace
