// SPDX-License-Identifier: PostgreSQL
// Programs that a copy starts, their bar, and the digest of a file.
#include <gtest/gtest.h>

#include <cstdlib>

#include "batch/copy/copy_program.hpp"
#include "batch/copy/copy_progress.hpp"
#include "batch/copy/copy_sha256.hpp"
#include "batch/output/fault.hpp"

namespace gdpr::batch {
namespace {

ProgramEnd Shell(const std::string& script) {
  Signals signals;
  return Run({"/bin/sh"}, {"-c", script}, nullptr, signals);
}

TEST(CopyProgram, what_it_says_comes_back_with_how_it_ended) {
  const ProgramEnd well = Shell("echo one; echo two >&2");
  EXPECT_EQ(well.status, 0);
  EXPECT_EQ(well.errors, "one\ntwo\n");
  EXPECT_EQ(Shell("exit 7").status, 7);
  EXPECT_EQ(Shell("kill -TERM $$").status, 128 + 15);
}

TEST(CopyProgram, it_speaks_the_language_that_is_read_whatever_the_users_is) {
  setenv("LC_ALL", "de_DE.UTF-8", 1);
  setenv("LANGUAGE", "de", 1);
  const ProgramEnd end = Shell("echo \"$LC_ALL ${LANGUAGE-none}\"");
  unsetenv("LC_ALL");
  unsetenv("LANGUAGE");
  EXPECT_EQ(end.errors, "C none\n");
}

TEST(CopyProgram, one_that_is_not_there_or_too_old_is_a_fault_that_says_what_to_install) {
  try {
    FindProgram("pg_dump", 99);
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.code(), ExitCode::kConfiguration);
    EXPECT_NE(fault.hint().find("postgresql-client-99"), std::string::npos);
  }
  EXPECT_THROW(FindProgram("pg_no_such_program", 15), Fault);
  EXPECT_EQ(Program{"/usr/lib/postgresql/15/bin/pg_dump"}.name(), "pg_dump");
}

TEST(CopyProgress, the_bar_fits_its_terminal_and_never_says_100) {
  CopyProgress progress(1000, 3, false);
  progress.Add(5000, 1 << 20);  // more than the planner thought
  progress.AddTable();
  for (const int width : {1, 20, 40, 80, 200}) {
    const std::string bar = progress.Bar(width, 100);
    EXPECT_LE(bar.size(), static_cast<std::size_t>(width));
    EXPECT_EQ(bar.find("100 %"), std::string::npos);
  }
  const std::string bar = progress.Bar(80, 100);
  EXPECT_NE(bar.find("99 %"), std::string::npos);
  EXPECT_NE(bar.find("5,000 rows, 1 of 3 tables"), std::string::npos);
}

TEST(CopyProgress, nothing_to_do_has_a_bar_too) {
  EXPECT_NE(CopyProgress(0, 0, false).Bar(80, 0).find("0 %"), std::string::npos);
}

TEST(CopySha256, is_what_sha256sum_says_however_the_bytes_come) {
  Sha256 empty, whole, pieces;
  EXPECT_EQ(empty.Hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  whole.Add("abc");
  pieces.Add("a");
  pieces.Add("");
  pieces.Add("bc");
  const std::string hex = whole.Hex();
  EXPECT_EQ(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(pieces.Hex(), hex);
}

}  // namespace
}  // namespace gdpr::batch
