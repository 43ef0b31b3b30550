// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace gdpr::batch {

/// An error of the server or of the connection: one type with facts instead of a taxonomy (after
/// libpqxx). what() never holds a personal value: see Describe().
class SqlError : public std::runtime_error {
 public:
  struct Fields {
    std::string sqlstate;  ///< "08006" if the connection broke without saying why
    std::string message, detail, hint;
    std::string schema, table, column, constraint;
    bool connection_lost = false;
  };

  explicit SqlError(Fields fields);

  const std::string& sqlstate() const { return fields_.sqlstate; }
  /// The server's own text. Only for errors of our own functions: a user's trigger may quote
  /// values.
  const Fields& fields() const { return fields_; }
  /// The connection must not be used again.
  bool poisons_connection() const { return fields_.connection_lost; }

 private:
  Fields fields_;
};

/// A text without values: pg_gdpr's own messages, for everything else the name of the condition and
/// the objects it names. Messages of other code may quote a row.
std::string Describe(const SqlError::Fields& fields);

/// "unique_violation" for "23505"; the code itself for conditions that no erasure meets.
/// source: PostgreSQL Documentation, Appendix A
std::string_view ConditionName(std::string_view sqlstate);

}  // namespace gdpr::batch
