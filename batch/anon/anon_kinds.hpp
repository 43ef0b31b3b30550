// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string_view>

namespace gdpr::batch {

/// What a masking function of PostgreSQL Anonymizer makes: anon.fake_email makes an email. Empty
/// for one that says nothing of it (anon.partial), and for everybody else's.
std::string_view KindOfFunction(std::string_view function);

/// What a column's name says: the longest word of it that means something, so that
/// billing_postal_code is no code. Empty: nothing.
std::string_view KindOfColumn(std::string_view name);

}  // namespace gdpr::batch
