#pragma once

#include <filesystem>
#include <ostream>
#include <string>

namespace xfsbus::console {

/// What `xfs-peer explain` is to do.
struct Explain {
    std::string name{};             ///< of the download
    std::filesystem::path trace{};  ///< the file that --trace has written
    bool json = false;
};

/// Says why the downloads of a name went as they did. What is wrong with the trace is told on
/// `err`. Returns the exit code: that of not-found if the trace has no such download.
int explain(Explain const& what, std::ostream& out, std::ostream& err);

}  // namespace xfsbus::console
