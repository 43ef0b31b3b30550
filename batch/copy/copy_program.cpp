// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <sstream>

#include "batch/output/fault.hpp"

namespace gdpr::batch {
namespace {

constexpr int kLookMilliseconds = 200;

[[noreturn]] void Stop(const std::string& what) {
  throw Fault(ExitCode::kDatabase, what, std::strerror(errno));
}

/// Our environment, with the parameters of a connection in the place of those that are there.
std::vector<std::string> EnvironmentOf(const Connection* connection) {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos)
      variables[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  }
  if (connection != nullptr) {
    variables.erase("PGSERVICE");
    const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
        PQconninfo(connection->handle()), &PQconninfoFree);
    for (const PQconninfoOption* o = options.get(); o != nullptr && o->keyword != nullptr; ++o) {
      if (o->envvar == nullptr) continue;
      variables.erase(o->envvar);
      if (o->val != nullptr && *o->val != '\0') variables[o->envvar] = o->val;
    }
    variables["PGAPPNAME"] = "gdpr-batch";
    // What the session says now, not what its connection string said.
    variables["PGCLIENTENCODING"] = PQparameterStatus(connection->handle(), "client_encoding");
  }
  // What it says is read: "from TOC entry" has other words in other languages.
  variables.erase("LANGUAGE");
  variables["LC_ALL"] = "C";
  std::vector<std::string> lines;
  for (const auto& [name, value] : variables) lines.push_back(name + "=" + value);
  return lines;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// In the child, between fork and exec: calls only what is safe there.
[[noreturn]] void BecomeProgram(const char* path, char* const* arguments, char* const* variables,
                                int output, int errors) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  setpgid(0, 0);  // a terminal's Ctrl-C is for us: the first one lets it finish
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() == 1) _exit(127);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  execve(path, arguments, variables);
  _exit(127);
}

/// What the program says until it ends; it is ended with the second signal.
std::string ReadErrors(int file, pid_t process, const Signals& signals) {
  constexpr std::size_t kMost = 16 << 20;
  std::string text;
  std::array<char, 4096> buffer{};
  bool told = false;
  for (;;) {
    pollfd wait{file, POLLIN, 0};
    if (poll(&wait, 1, kLookMilliseconds) == 0 || (wait.revents & (POLLIN | POLLHUP)) == 0) {
      if (signals.cancel_requested() && !told) kill(-process, SIGTERM);
      told = signals.cancel_requested();
      continue;
    }
    const ssize_t got = read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    if (text.size() < kMost) text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

/// Its output in one piece, for questions such as --version.
std::string OutputOf(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "re"), &pclose);
  std::string text;
  std::array<char, 256> buffer{};
  while (pipe && fgets(buffer.data(), buffer.size(), pipe.get()) != nullptr) text += buffer.data();
  return text;
}

/// 15 for "pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"; 0 for something else.
int MajorOf(const std::string& path) {
  if (path.find('\'') != std::string::npos) return 0;
  const std::string text = OutputOf("'" + path + "' --version 2>/dev/null");
  const std::size_t at = text.find(") ");
  int major = 0;
  if (at != std::string::npos)
    std::from_chars(text.data() + at + 2, text.data() + text.size(), major);
  return major;
}

}  // namespace

std::string Program::name() const {
  return path.substr(path.rfind('/') + 1);
}

Program FindProgram(const std::string& name, int server) {
  std::vector<std::string> places;
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) places.push_back(folder);
  for (int major = server; major < server + 5; ++major) {
    places.push_back("/usr/lib/postgresql/" + std::to_string(major) + "/bin");
    places.push_back("/usr/pgsql-" + std::to_string(major) + "/bin");
  }
  int newest = 0;
  for (const std::string& folder : places) {
    const std::string candidate = folder + "/" + name;
    if (access(candidate.c_str(), X_OK) != 0) continue;
    const int major = MajorOf(candidate);
    if (major >= server) return {candidate};
    newest = std::max(newest, major);
  }
  throw Fault(ExitCode::kConfiguration,
              newest == 0 ? name + " was not found"
                          : name + " is older than the server: it is of PostgreSQL " +
                                std::to_string(newest),
              "The server is PostgreSQL " + std::to_string(server) + ".",
              "Install PostgreSQL's client programs of that version (Debian: postgresql-client-" +
                  std::to_string(server) + "), or put them into PATH.");
}

ProgramEnd Run(const Program& program, const std::vector<std::string>& arguments,
               const Connection* connection, const Signals& signals) {
  std::vector<std::string> words = {program.path};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = EnvironmentOf(connection);
  const std::vector<char*> word_pointers = Pointers(words);
  const std::vector<char*> variable_pointers = Pointers(variables);
  std::array<int, 2> pipe{};
  if (pipe2(pipe.data(), O_CLOEXEC) != 0) Stop("could not make a pipe");
  const pid_t process = fork();
  if (process == 0) {
    BecomeProgram(program.path.c_str(), word_pointers.data(), variable_pointers.data(), pipe[1],
                  pipe[1]);
  }
  close(pipe[1]);
  if (process < 0) {
    close(pipe[0]);
    Stop("could not start " + program.name());
  }
  ProgramEnd end;
  end.errors = ReadErrors(pipe[0], process, signals);
  close(pipe[0]);
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  end.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (end.status != 0 && signals.cancel_requested()) {
    throw Fault(ExitCode::kStopped, "stopped while " + program.name() + " was at work",
                "It was ended, and what it had not finished is not there.",
                "--resume goes on where there is something to go on with.");
  }
  return end;
}

}  // namespace gdpr::batch
