// SPDX-License-Identifier: PostgreSQL
#include "consent.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>

namespace gdpr {
namespace {

using enum ConsentState;
using Words = std::span<const std::string_view>;

// In the order of the enumerations.
constexpr std::array<std::string_view, kConsentStates> kStates = {"pending", "accepted", "rejected",
                                                                  "withdrawn"};
constexpr std::array<std::string_view, kConsentStates> kAliases = {"awaiting", "given", "refused",
                                                                   "refused"};
constexpr std::array<std::string_view, kConsentActions> kActions = {"full", "none", "anonymize"};
constexpr std::array<std::string_view, 11> kMedia = {
    "email",  "click",      "telephone", "sms",    "paper_form", "web_form",
    "portal", "mobile_app", "api",       "import", "in_person"};
constexpr std::array<std::string_view, 4> kSilence = {"prechecked", "silence", "default",
                                                      "inactivity"};
constexpr std::array<std::string_view, 5> kChannels = {"email", "telephone", "sms", "post", "app"};

// kSteps[from][to]
constexpr bool kSteps[kConsentStates][kConsentStates] = {
    // pending accepted rejected withdrawn
    {true, true, true, false},   // pending
    {false, true, true, true},   // accepted
    {false, true, true, false},  // rejected
    {false, true, false, false}  // withdrawn
};

std::size_t At(ConsentState state) {
  return static_cast<std::size_t>(state);
}

std::string List(Words words) {
  std::string list;
  for (const std::string_view word : words) {
    list.append(list.empty() ? "" : ", ").append(word);
  }
  return list;
}

// The word's place in the list, or the list's size.
std::size_t Find(Words words, std::string_view word) {
  return static_cast<std::size_t>(std::ranges::find(words, word) - words.begin());
}

[[noreturn]] void Refuse(const char* what, std::string_view detail, const std::string& allowed) {
  throw Error{"22023", what, std::string(detail), "Allowed are: " + allowed + "."};
}

std::string Quoted(std::string_view word) {
  return std::string("\"").append(word).append("\"");
}

}  // namespace

ConsentState ParseConsentState(std::string_view word) {
  std::size_t at = Find(kStates, word);
  if (at == kStates.size()) at = Find(kAliases, word);
  if (at == kAliases.size()) {
    Refuse("unknown state of consent", "",
           List(kStates) + " (also awaiting, given and refused, for the first three)");
  }
  return static_cast<ConsentState>(at);
}

std::string_view StateName(ConsentState state) {
  return kStates[At(state)];
}

std::string_view StateAlias(ConsentState state) {
  return kAliases[At(state)];
}

bool MayFollow(ConsentState from, ConsentState to) {
  return kSteps[At(from)][At(to)];
}

void CheckStep(ConsentState from, ConsentState to) {
  if (MayFollow(from, to)) return;
  Error error{"PD006",
              "consent cannot go from " + Quoted(StateName(from)) + " to " + Quoted(StateName(to)),
              "", ""};
  if (to == kPending) {
    error.detail = "\"pending\" means that nothing was decided; a decision is not taken back so.";
    error.hint =
        "Record what the person said, or ask everybody again with gdpr.require_reconsent().";
  } else if (to == kWithdrawn) {
    error.detail =
        "\"withdrawn\" is only reached from \"accepted\": what was not given cannot be "
        "taken back.";
    error.hint = from == kPending ? "Record \"rejected\" instead." : "There is nothing to record.";
  } else {
    error.detail = "From \"withdrawn\" only a new \"accepted\" leads on.";
    error.hint = "There is nothing to record: the consent is withdrawn already.";
  }
  throw error;
}

ConsentAction ParseConsentAction(std::string_view word) {
  const std::size_t at = Find(kActions, word);
  if (at == kActions.size()) Refuse("unknown action", "", List(kActions));
  return static_cast<ConsentAction>(at);
}

void CheckAction(ConsentState state, ConsentAction action) {
  if (action == ConsentAction::kFull || state == kRejected || state == kWithdrawn) return;
  throw Error{"22023",
              "state " + Quoted(StateName(state)) + " cannot have action " +
                  Quoted(kActions[static_cast<std::size_t>(action)]),
              "Only people who refused (rejected, withdrawn) lose functions or are anonymized.",
              "Allowed for " + Quoted(StateName(state)) + " is: full."};
}

std::string_view ParseMedium(std::string_view word) {
  if (Find(kSilence, word) < kSilence.size()) {
    Refuse("silence is no consent (Recital 32)",
           "Silence, pre-ticked boxes and inactivity are no affirmative act.", List(kMedia));
  }
  const std::size_t at = Find(kMedia, word);
  if (at == kMedia.size()) Refuse("unknown medium", "", List(kMedia));
  return kMedia[at];
}

std::string_view ParseChannel(std::string_view word) {
  const std::size_t at = Find(kChannels, word);
  if (at == kChannels.size()) Refuse("unknown channel", "", List(kChannels));
  return kChannels[at];
}

}  // namespace gdpr
