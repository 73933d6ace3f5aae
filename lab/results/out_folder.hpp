#pragma once

#include "results/mark.hpp"

#include <xfsbus/wire/result.hpp>

#include <filesystem>
#include <string>

namespace xfsbus::lab::results {

/// The folder that the results of a run go to. From open() to finish() a mark is in it: what a run
/// has left that was killed is taken for no result, and the next run there begins anew.
class OutFolder {
  public:
    /// Makes the folder if it is not there. What is left of a run that was killed is removed, and
    /// so are older results with `force`. Errc::disk if it cannot be made; Errc::usage if something
    /// else is in it, unless `force`, and if another process is at work there.
    static Result<OutFolder> open(std::filesystem::path const& folder, bool force);

    /// What was found of a run that was killed, a sentence; empty: nothing.
    [[nodiscard]] std::string const& found() const { return found_; }

    /// Writes a file, in place of one that is there. Errc::disk.
    Status write(std::string const& name, std::string const& text) const;

    /// All is written.
    Status finish() { return mark_.remove(); }

  private:
    OutFolder(std::filesystem::path folder, Mark mark, std::string found)
        : folder_(std::move(folder)), mark_(std::move(mark)), found_(std::move(found)) {}

    std::filesystem::path folder_;
    Mark mark_;
    std::string found_;
};

/// Whether what is in the folder was never finished: Errc::usage, with a sentence.
Status check_finished(std::filesystem::path const& folder);

}  // namespace xfsbus::lab::results
