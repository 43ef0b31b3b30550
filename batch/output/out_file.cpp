// SPDX-License-Identifier: PostgreSQL
#include "batch/output/out_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "batch/output/fault.hpp"

namespace gdpr::batch {
namespace {

constexpr std::size_t kBuffer = 64 * 1024;

}  // namespace

OutFile::OutFile(std::string path, bool secret) : path_(std::move(path)), part_(path_ + ".part") {
  // Whoever says /dev/null as root must still have one afterwards.
  struct stat facts {};
  if (stat(path_.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode)) {
    throw Fault(ExitCode::kConfiguration, "\"" + path_ + "\" is no regular file", {},
                "It is written beside its place and then renamed.");
  }
  // One that a killed process left may be readable for more people than this one should be.
  unlink(part_.c_str());
  file_ = open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
               secret ? 0600 : 0644);
  if (file_ < 0) Stop("could not make");
}

OutFile::~OutFile() {
  if (file_ < 0) return;
  close(file_);
  unlink(part_.c_str());
}

void OutFile::Write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= kBuffer) Flush();
}

void OutFile::Flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) Stop("could not write");
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
}

void OutFile::Commit() {
  Flush();
  if (fsync(file_) != 0) Stop("could not write");
  const int closed = close(std::exchange(file_, -1));
  if (closed != 0 || rename(part_.c_str(), path_.c_str()) != 0) {
    const int reason = errno;
    unlink(part_.c_str());
    errno = reason;
    Stop("could not write");
  }
  // The rename survives a power cut only once the directory is written.
  const std::size_t slash = path_.rfind('/');
  const std::string directory =
      slash == std::string::npos ? "." : path_.substr(0, slash == 0 ? 1 : slash);
  const int place = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (place < 0) return;
  fsync(place);
  close(place);
}

void OutFile::Stop(const char* what) const {
  throw Fault(ExitCode::kDatabase, std::string(what) + " file \"" + path_ + "\"",
              std::strerror(errno));
}

}  // namespace gdpr::batch
