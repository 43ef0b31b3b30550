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
    std::string source_file;  ///< of the server: "nbtinsert.c"
    std::string context;  ///< may hold values; its first line begins with the innermost function
    bool connection_lost = false;
  };

  explicit SqlError(Fields fields);

  const std::string& sqlstate() const { return fields_.sqlstate; }
  /// The server's own text. Only where IsOfUsersCode() denies: a user's trigger may quote values.
  const Fields& fields() const { return fields_; }
  /// The connection must not be used again.
  bool poisons_connection() const { return fields_.connection_lost; }

 private:
  Fields fields_;
};

/// Whether a function that a user wrote has raised it. Such code chooses SQLSTATE, message and all
/// names, so that a value may stand in each; what it cannot choose is where it was raised: the file
/// of the language's source, and the function in the first line of the context, which is ours only
/// if it lies in our schemas (identifiers that are odd are quoted there).
bool IsOfUsersCode(const SqlError::Fields& fields);

/// A text without values: pg_gdpr's own messages, for everything else the name of the condition and
/// the objects it names. Messages of other code may quote a row, its names as well.
std::string Describe(const SqlError::Fields& fields);

/// "unique_violation" for "23505"; the code itself for conditions that no erasure meets.
/// source: PostgreSQL Documentation, Appendix A
std::string_view ConditionName(std::string_view sqlstate);

}  // namespace gdpr::batch
