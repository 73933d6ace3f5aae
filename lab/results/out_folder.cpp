#include "results/out_folder.hpp"

#include "results/folder.hpp"

#include <xfsbus/wire/name.hpp>

#include <array>
#include <system_error>
#include <utility>

namespace xfsbus::lab::results {
namespace {

constexpr char const* mark_name = "unfinished";

/// Older results, and what was being written.
Status remove_results(std::filesystem::path const& folder) {
    for (auto const* const name : result_files) {
        for (auto const* const ending : {"", ".new"}) {
            std::error_code error;
            std::filesystem::remove(folder / (std::string(name) + ending), error);
            if (error) {
                return disk_trouble(folder / name, "cannot be removed: " + error.message());
            }
        }
    }
    return done();
}

Status check_room(std::filesystem::path const& folder, bool force) {
    std::error_code error;
    bool const empty = std::filesystem::is_empty(folder, error);
    if (error) {
        return disk_trouble(folder, "cannot be read: " + error.message());
    }
    if (!empty && !force) {
        return Error{Errc::usage, wire::escape(folder.string()) +
                                      ": is not empty; name another folder with --out, or write "
                                      "over it with --force"};
    }
    return done();
}

}  // namespace

Result<OutFolder> OutFolder::open(std::filesystem::path const& folder, bool force) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
        return disk_trouble(folder, "cannot be made: " + error.message());
    }
    std::string found;
    if (Mark::look_at(folder / mark_name) == Mark::Found::nothing) {
        if (auto const room = check_room(folder, force); !room) {
            return room.error();
        }
    } else {
        found = wire::escape(folder.string()) +
                ": a run that was killed has left this folder unfinished; it begins anew";
    }
    auto mark = Mark::set(folder / mark_name);
    if (!mark) {
        return mark.error();
    }
    if (auto const removed = remove_results(folder); !removed) {
        return removed.error();
    }
    return OutFolder(folder, std::move(mark).value(), std::move(found));
}

Status OutFolder::write(std::string const& name, std::string const& text) const {
    return results::write(folder_ / name, text);
}

Status check_finished(std::filesystem::path const& folder) {
    switch (Mark::look_at(folder / mark_name)) {
        case Mark::Found::nothing:
            break;
        case Mark::Found::alive:
            return Error{Errc::usage,
                         wire::escape(folder.string()) + ": its run is still under way"};
        case Mark::Found::dead:
            return Error{Errc::usage, wire::escape(folder.string()) +
                                          ": its run was killed before it was done; run it again"};
    }
    return done();
}

}  // namespace xfsbus::lab::results
