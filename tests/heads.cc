// Nothing runs this: what it is built with is what tests/CMakeLists.txt precompiles for all tests.
int main() { return 0; }
