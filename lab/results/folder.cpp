#include "results/folder.hpp"

#include <xfsbus/wire/name.hpp>

#include <cerrno>
#include <fstream>
#include <system_error>

namespace xfsbus::lab::results {

Error disk_trouble(std::filesystem::path const& path, std::string const& why) {
    return {Errc::disk, wire::escape(path.string()) + ": " + why};
}

Status write(std::filesystem::path const& file, std::string const& text) {
    auto const beside = file.string() + ".new";
    errno = 0;
    std::ofstream stream(beside, std::ios::binary | std::ios::trunc);
    stream.write(text.data(), static_cast<std::streamsize>(text.size()));
    stream.close();
    if (!stream) {
        auto const why = std::generic_category().message(errno);
        std::error_code ignored;
        std::filesystem::remove(beside, ignored);
        return disk_trouble(file, "cannot be written: " + why);
    }
    std::error_code error;
    std::filesystem::rename(beside, file, error);
    return error ? Status(disk_trouble(file, "cannot be written: " + error.message())) : done();
}

}  // namespace xfsbus::lab::results
