// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <vector>

#include "batch/run/signals.hpp"
#include "batch/session/connection.hpp"

namespace gdpr::batch {

/// pg_dump and pg_restore, which know how a schema is written down and in which order it is made.
struct Program {
  std::string path;
  std::string name() const;
};

/// Finds a program of PostgreSQL: in PATH, else where Debian and PostgreSQL's own packages put it.
/// in      server  the major version that it must be able to read, such as 15
/// throws  Fault kConfiguration: there is none, or only older ones
Program FindProgram(const std::string& name, int server);

struct ProgramEnd {
  int status = 0;  ///< 0: well; 128 + N: ended by signal N
  std::string
      errors;  ///< what it said on standard error. May quote rows: never pass it on as it is
};

/// Runs it to its end. It connects as `connection` does, by its environment, so that no password
/// shows in a list of processes; it ends when we end, however we do.
/// in   connection  nullptr: it needs none
ProgramEnd Run(const Program& program, const std::vector<std::string>& arguments,
               const Connection* connection, const Signals& signals);

}  // namespace gdpr::batch
