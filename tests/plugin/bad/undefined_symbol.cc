extern "C" int a_function_that_nobody_has();
extern "C" __attribute__((visibility("default"))) int calls_it() {
  return a_function_that_nobody_has();
}
