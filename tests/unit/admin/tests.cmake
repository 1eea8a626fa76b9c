peer_add_test(unit_admin
  SOURCES admin/history_test.cc admin/question_text_test.cc admin/webhook_test.cc
  LIBRARIES peer_admin peer_test_support
  LABELS fast)
