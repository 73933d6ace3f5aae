#include "results/folder.hpp"

#include <xfsbus/wire/name.hpp>

#include <cerrno>
#include <fstream>
#include <system_error>

namespace xfsbus::lab::results {
namespace {

Error trouble(std::filesystem::path const& path, std::string const& why) {
    return {Errc::disk, wire::escape(path.string()) + ": " + why};
}

}  // namespace

Status prepare(std::filesystem::path const& folder, bool force) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
        return trouble(folder, "cannot be made: " + error.message());
    }
    bool const empty = std::filesystem::is_empty(folder, error);
    if (error) {
        return trouble(folder, "cannot be read: " + error.message());
    }
    if (!empty && !force) {
        return Error{Errc::usage, wire::escape(folder.string()) +
                                      ": is not empty; name another folder with --out, or write "
                                      "over it with --force"};
    }
    return done();
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
        return trouble(file, "cannot be written: " + why);
    }
    std::error_code error;
    std::filesystem::rename(beside, file, error);
    return error ? Status(trouble(file, "cannot be written: " + error.message())) : done();
}

}  // namespace xfsbus::lab::results
