// SPDX-License-Identifier: PostgreSQL
#include <gtest/gtest.h>

#include <string>

#include "batch/output/printable.hpp"

namespace gdpr::batch {
namespace {

TEST(Printable, what_people_read_stays_as_it_is) {
  for (const char* text : {"", "crm.contact", "Größe m² \"x\" 'y' \\d", "名前 😀"}) {
    EXPECT_EQ(Printable(text), text);
  }
}

TEST(Printable, a_name_of_two_lines_is_one) {
  EXPECT_EQ(Printable("a\nb\r\tc"), "a\\nb\\r\\tc");
  EXPECT_EQ(Printable(std::string("a\0b", 3)), "a\\x00b");
}

TEST(Printable, nothing_reaches_a_terminal_that_it_would_obey) {
  EXPECT_EQ(Printable("\x1b[2J\x7f"), "\\x1b[2J\\x7f");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "31m"),
            "\\x9b31m");
  EXPECT_EQ(Printable("\xe2\x80\xae"
                      "evil\xe2\x81\xa6\xe2\x80\xa8"),
            "\\u202eevil\\u2066\\u2028");
}

TEST(Printable, bytes_that_are_no_utf8_are_shown_as_bytes) {
  EXPECT_EQ(Printable("M\xfcller\xe2\x82"), "M\\xfcller\\xe2\\x82");
}

}  // namespace
}  // namespace gdpr::batch
