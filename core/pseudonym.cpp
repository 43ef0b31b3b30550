// SPDX-License-Identifier: PostgreSQL
#include "pseudonym.hpp"

#include "error.hpp"

namespace gdpr {

void Pseudonym(const treat::Call& call, const Keying& keying) {
  keying.keys->PseudonymDraw(call.rule.kind->name, call.value.text).Base32(26, call.result.text);
}

std::string Reveal(const Rule&, Keyed&, std::string_view) {
  throw Error{"22023", "the rule's pseudonym cannot be turned back", "", ""};
}

}  // namespace gdpr
