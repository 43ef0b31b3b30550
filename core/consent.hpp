// SPDX-License-Identifier: PostgreSQL
// The words of consent and the steps between its states: the one place that knows them.
#pragma once

#include <cstdint>
#include <string_view>

#include "error.hpp"

namespace gdpr {

/// What a person said last. Nobody said anything: pending.
enum class ConsentState : std::uint8_t { kPending, kAccepted, kRejected, kWithdrawn };
constexpr int kConsentStates = 4;

/// What happens to a person in a state.
enum class ConsentAction : std::uint8_t { kFull, kNone, kAnonymize };
constexpr int kConsentActions = 3;

/// The state of that name or alias: pending or awaiting, accepted or given, rejected or refused,
/// withdrawn. Throws Error 22023 with the allowed words; never quotes what was given, which may be
/// a person's key in the wrong place.
ConsentState ParseConsentState(std::string_view word);

/// "pending", "accepted", "rejected" or "withdrawn".
std::string_view StateName(ConsentState state);

/// The other vocabulary: "awaiting", "given", or "refused" for both rejected and withdrawn.
std::string_view StateAlias(ConsentState state);

/// Whether a decision may lead from one state to another. pending to pending is a request that was
/// sent; accepted to accepted renews.
bool MayFollow(ConsentState from, ConsentState to);

/// Throws Error PD006, which names the edge and the law behind it, unless MayFollow(from, to).
void CheckStep(ConsentState from, ConsentState to);

/// "full", "none" or "anonymize". Throws Error 22023 with the allowed words.
ConsentAction ParseConsentAction(std::string_view word);

/// CRM.COM's matrix: people who refuse may lose functions or be anonymized, others may not.
/// Throws Error 22023, which names the cell.
void CheckAction(ConsentState state, ConsentAction action);

/// How a decision reached us ("email", "paper_form", …), as it stands in a constant table. Throws
/// Error 22023 with the allowed words; words for silence are refused by name (Recital 32).
std::string_view ParseMedium(std::string_view word);

/// How a person is addressed: "email", "telephone", "sms", "post" or "app". Throws Error 22023.
std::string_view ParseChannel(std::string_view word);

}  // namespace gdpr
