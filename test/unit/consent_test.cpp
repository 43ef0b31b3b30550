// SPDX-License-Identifier: PostgreSQL
#include "core/consent.hpp"

#include <gtest/gtest.h>

#include <string>

#include "treat_fixture.hpp"

namespace gdpr {
namespace {

using enum ConsentState;
using test::ErrorOf;
constexpr ConsentState kAll[] = {kPending, kAccepted, kRejected, kWithdrawn};

// The edges as the issue writes them down, beside the matrix that core works with.
TEST(Consent, OnlyTheLegalStepsMayFollow) {
  const std::string legal =
      "pending>pending pending>accepted pending>rejected accepted>accepted accepted>rejected "
      "accepted>withdrawn rejected>accepted rejected>rejected withdrawn>accepted ";
  std::string found;
  for (const ConsentState from : kAll) {
    for (const ConsentState to : kAll) {
      if (!MayFollow(from, to)) continue;
      found.append(StateName(from)).append(">").append(StateName(to)).append(" ");
    }
  }
  EXPECT_EQ(found, legal);
}

TEST(Consent, AnIllegalStepNamesTheEdgeAndTheLaw) {
  for (const ConsentState from : kAll) {
    for (const ConsentState to : kAll) {
      if (MayFollow(from, to)) {
        EXPECT_NO_THROW(CheckStep(from, to));
        continue;
      }
      const Error error = ErrorOf([&] { CheckStep(from, to); });
      EXPECT_EQ(error.sqlstate, "PD006");
      EXPECT_EQ(error.message, "consent cannot go from \"" + std::string(StateName(from)) +
                                   "\" to \"" + std::string(StateName(to)) + "\"");
      EXPECT_FALSE(error.detail.empty());
      EXPECT_FALSE(error.hint.empty());
    }
  }
  EXPECT_NE(ErrorOf([] { CheckStep(kRejected, kWithdrawn); }).detail.find("only reached from"),
            std::string::npos);
}

TEST(Consent, WithdrawnIsReachedFromAcceptedOnly) {
  for (const ConsentState from : kAll) EXPECT_EQ(MayFollow(from, kWithdrawn), from == kAccepted);
}

TEST(Consent, APersonCanAlwaysSayYes) {
  for (const ConsentState from : kAll) EXPECT_TRUE(MayFollow(from, kAccepted));
}

TEST(Consent, EveryStateIsReadByItsNameAndItsAlias) {
  for (const ConsentState state : kAll) {
    EXPECT_EQ(ParseConsentState(StateName(state)), state);
    const ConsentState back = ParseConsentState(StateAlias(state));
    EXPECT_EQ(back, state == kWithdrawn ? kRejected : state);
  }
  EXPECT_EQ(StateAlias(kWithdrawn), "refused");
}

TEST(Consent, OtherWordsAreRefusedAndNeverQuoted) {
  for (const std::string word :
       {"", "Accepted", "accepted ", "yes", "ada@example.org", "acceptedx"}) {
    for (const Error& error :
         {ErrorOf([&] { ParseConsentState(word); }), ErrorOf([&] { ParseMedium(word); }),
          ErrorOf([&] { ParseChannel(word); }), ErrorOf([&] { ParseConsentAction(word); })}) {
      EXPECT_EQ(error.sqlstate, "22023") << word;
      EXPECT_EQ(error.hint.substr(0, 13), "Allowed are: ");
      EXPECT_EQ((error.message + error.detail + error.hint).find("ada@"), std::string::npos);
    }
  }
}

TEST(Consent, SilenceIsNoMedium) {
  for (const char* word : {"prechecked", "silence", "default", "inactivity"}) {
    const Error error = ErrorOf([&] { ParseMedium(word); });
    EXPECT_EQ(error.sqlstate, "22023");
    EXPECT_EQ(error.message, "silence is no consent (Recital 32)");
  }
  EXPECT_EQ(ParseMedium("in_person"), "in_person");
  EXPECT_EQ(ParseChannel("post"), "post");
}

TEST(Consent, OnlyThoseWhoRefusedLoseFunctions) {
  for (const ConsentState state : kAll) {
    EXPECT_NO_THROW(CheckAction(state, ParseConsentAction("full")));
    for (const char* action : {"none", "anonymize"}) {
      if (state == kRejected || state == kWithdrawn) {
        EXPECT_NO_THROW(CheckAction(state, ParseConsentAction(action)));
        continue;
      }
      const Error error = ErrorOf([&] { CheckAction(state, ParseConsentAction(action)); });
      EXPECT_EQ(error.sqlstate, "22023");
      EXPECT_NE(error.message.find(std::string(StateName(state))), std::string::npos);
      EXPECT_NE(error.message.find(action), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace gdpr
