#include "plugin_project.hpp"

#include "plugin_templates.hpp"

#include <xfsbus/policies/abi.h>
#include <xfsbus/policies/names.hpp>
#include <xfsbus/program/run.hpp>
#include <xfsbus/wire/name.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <fstream>
#include <iostream>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace xfsbus::console {
namespace {

namespace fs = std::filesystem;

/// What a language's files end with, and which template its CMakeLists.txt is made of.
struct Language {
    std::string_view name;
    std::string_view suffix;
    std::string_view build;
};

constexpr std::array languages{Language{"c++", "cpp", "CMakeLists.header"},
                               Language{"c", "c", "CMakeLists.header"},
                               Language{"rust", "rs", "CMakeLists.rust"}};

/// With which program and option a kind is used.
struct Kind {
    std::string_view name;
    std::string_view use;
};

constexpr std::array kinds{Kind{XFSBUS_KIND_PEER_SELECTION, "xfs-peer --policy"},
                           Kind{XFSBUS_KIND_CHUNK_ORDER, "xfs-peer --chunk-order"},
                           Kind{XFSBUS_KIND_UPLOAD_CHOICE, "xfs-peer --upload-policy"},
                           Kind{XFSBUS_KIND_HANDOUT, "xfs-tracker --handout"},
                           Kind{XFSBUS_KIND_INTEGRITY, "xfs-peer --integrity"}};

template <typename Table>
auto const* named(Table const& table, std::string_view name) {
    auto const found = std::ranges::find(table, name, [](auto const& each) { return each.name; });
    return found == table.end() ? nullptr : &*found;
}

template <typename Table>
Error unknown(std::string const& what, std::string const& name, Table const& table) {
    std::string known;
    for (auto const& each : table) {
        known += (known.empty() ? "" : ", ") + std::string(each.name);
    }
    return {Errc::usage,
            "'" + wire::escape(name) + "' is no " + what + " of plug-ins; there are: " + known};
}

using Words = std::vector<std::pair<std::string_view, std::string_view>>;

std::string filled_in(std::string text, Words const& words) {
    for (auto const& [word, value] : words) {
        for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
            text.replace(at, word.size(), value);
            at += value.size();
        }
    }
    return text;
}

/// What is to be written: names in the directory, and texts.
std::vector<std::pair<std::string, std::string>> files_of(PluginProject const& project,
                                                          Kind const& kind,
                                                          Language const& language) {
    Words const words = {{"@NAME@", project.name},
                         {"@KIND@", kind.name},
                         {"@USE@", kind.use},
                         {"@SUFFIX@", language.suffix}};
    auto const ending = "." + std::string(language.suffix);
    auto source = plugin_template(std::string(kind.name) + ending);
    if (language.name == "rust") {
        source = plugin_template("common.rs") + source;
    }
    return {{project.name + ending, filled_in(std::move(source), words)},
            {"CMakeLists.txt", filled_in(plugin_template(language.build), words)},
            {"README.md", filled_in(plugin_template("README.md"), words)}};
}

Error cannot_write(fs::path const& path, std::error_code const& why) {
    return {Errc::disk, "cannot write '" + wire::escape(path.string()) + "': " + why.message()};
}

Status write_text(fs::path const& path, std::string const& text) {
    errno = 0;
    std::ofstream out(path);
    out << text;
    out.close();
    if (!out) {
        return cannot_write(path, {errno != 0 ? errno : EIO, std::generic_category()});
    }
    return done();
}

}  // namespace

Result<fs::path> write_project(PluginProject const& project, fs::path const& parent) {
    auto const* const kind = named(kinds, project.kind);
    auto const* const language = named(languages, project.language);
    if (kind == nullptr) {
        return unknown("kind", project.kind, kinds);
    }
    if (language == nullptr) {
        return unknown("language", project.language, languages);
    }
    if (!policies::is_policy_name(project.name)) {
        return Error{Errc::usage, "a plug-in's name is 1 to 32 of [a-z0-9-], and '" +
                                      wire::escape(project.name) + "' is not"};
    }
    auto const directory = parent / project.name;
    std::error_code error;
    if (!fs::create_directory(directory, error)) {
        return error ? cannot_write(directory, error)
                     : Error{Errc::usage, "'" + wire::escape(directory.string()) +
                                              "' is there already; choose another name"};
    }
    for (auto const& [name, text] : files_of(project, *kind, *language)) {
        if (auto const written = write_text(directory / name, text); !written) {
            fs::remove_all(directory, error);
            return written.error();
        }
    }
    return directory;
}

int report_project(PluginProject const& project, bool json) {
    auto const directory = write_project(project, fs::current_path());
    if (!directory) {
        return program::complain("xfs-peer", directory.error());
    }
    if (json) {
        nlohmann::ordered_json const event = {{"event", "plugin-project"},
                                              {"path", directory->string()},
                                              {"kind", project.kind},
                                              {"language", project.language}};
        std::cout << event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                  << std::endl;
    } else {
        std::cout << "written: " << wire::escape(directory->string()) << ", a plug-in of the kind "
                  << project.kind << " in " << project.language
                  << "; its README.md says how to build and test it" << std::endl;
    }
    return 0;
}

}  // namespace xfsbus::console
