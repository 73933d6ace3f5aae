#include "plugin_library.hpp"

#include "library_file.hpp"
#include "mapped_library.hpp"
#include "printable.hpp"

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/names.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace xfsbus::policies {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t max_parameters = 64;
/// What ABI 1 exported, which was never released.
constexpr auto symbol_of_abi_1 = "xfs_policy_descriptor";
constexpr std::string_view rebuild = "build it again against the headers of this version of xfsbus";
/// What errors call a policy of the program's own before they know its name.
constexpr auto name_of_own = "the program's own";
constexpr std::string_view mend = "report it to the plug-in's author";

/// How large the structs were that ABI 2 began with; no plug-in has smaller ones.
constexpr std::size_t descriptor_least = offsetof(::xfsbus_descriptor, destroy) + sizeof(void*);
constexpr std::size_t parameter_least =
    offsetof(::xfsbus_parameter_info, description) + sizeof(void*);
/// Of a table that has no operation.
constexpr std::size_t table_least = 8;

PluginRefused of_other_abi(std::string const& called, std::uint32_t abi) {
    return {called,
            "built for policy ABI " + std::to_string(abi) + ", this program speaks " +
                std::to_string(XFSBUS_POLICY_ABI),
            abi < XFSBUS_POLICY_ABI ? rebuild : "use a newer version of xfsbus"};
}

/// What can be read of a descriptor whatever its version.
void check_layout(std::string const& called, ::xfsbus_descriptor const& descriptor) {
    if (descriptor.magic != XFSBUS_POLICY_MAGIC) {
        throw PluginRefused(called, "what it exports as " XFSBUS_POLICY_SYMBOL " is something else",
                            "name another file, or make the descriptor with export.hpp");
    }
    if (descriptor.abi_version != XFSBUS_POLICY_ABI) {
        throw of_other_abi(called, descriptor.abi_version);
    }
    if (descriptor.size < descriptor_least) {
        throw PluginRefused(called,
                            "its descriptor has " + std::to_string(descriptor.size) + " bytes, " +
                                std::to_string(descriptor_least) + " are needed",
                            mend);
    }
}

bool is_complete(::xfsbus_parameter_info const& info) {
    return info.size >= parameter_least && info.name != nullptr && info.default_value != nullptr &&
           info.description != nullptr;
}

void check_parameters(std::string const& called,
                      std::span<::xfsbus_parameter_info const> parameters) {
    for (auto it = parameters.begin(); it != parameters.end(); ++it) {
        std::string_view const name = it->name;
        if (!is_parameter_name(name)) {
            throw PluginRefused(called,
                                "it declares a parameter '" + printable(name) +
                                    "', whose name is not 1 to 64 of [A-Za-z0-9_-]",
                                mend);
        }
        if (std::any_of(parameters.begin(), it, [&](auto const& p) { return p.name == name; })) {
            throw PluginRefused(
                called, "it declares the parameter '" + std::string(name) + "' twice", mend);
        }
    }
}

/// What a plug-in declares, as this program knows it.
std::vector<::xfsbus_parameter_info> parameters_of(std::string const& called,
                                                   ::xfsbus_descriptor const& d) {
    std::vector<::xfsbus_parameter_info> parameters;
    auto const* at = reinterpret_cast<std::byte const*>(d.parameters);
    while (parameters.size() < d.parameter_count) {
        auto const& info = *reinterpret_cast<::xfsbus_parameter_info const*>(at);
        if (!is_complete(info)) {
            throw PluginRefused(called, "it declares a parameter incompletely", mend);
        }
        parameters.push_back(sized_copy(info));
        at += d.parameters->size;
    }
    return parameters;
}

void check_contents(std::string const& called, ::xfsbus_descriptor const& d) {
    if (d.kind == nullptr || d.name == nullptr || d.version == nullptr ||
        d.description == nullptr || d.operations == nullptr || d.create == nullptr ||
        d.destroy == nullptr || (d.parameters == nullptr && d.parameter_count > 0)) {
        throw PluginRefused(called, "its descriptor is incomplete", mend);
    }
    if (!is_policy_name(d.name)) {
        throw PluginRefused(called, "its name is not 1 to 32 of [a-z0-9-]", mend);
    }
    if (d.parameter_count > max_parameters) {
        throw PluginRefused(called,
                            "it declares " + std::to_string(d.parameter_count) +
                                " parameters, at most " + std::to_string(max_parameters) +
                                " are possible",
                            mend);
    }
}

/// Whether a table has all that there is no default for.
bool is_complete(::xfsbus_peer_selector_operations const& o) {
    return o.pick == nullptr || o.purposes > 0;
}

bool is_complete(::xfsbus_integrity_operations const& o) {
    return o.digest_size != nullptr && o.update != nullptr && o.finish != nullptr;
}

bool is_complete(::xfsbus_chunk_order_operations const&) {
    return true;
}

bool is_complete(::xfsbus_handout_operations const&) {
    return true;
}

bool is_complete(::xfsbus_upload_choice_operations const&) {
    return true;
}

/// A kind that this program knows.
struct Kind {
    std::string_view name;
    bool (*has_all)(void const* operations);
};

template <class Operations>
bool has_all(void const* table) {
    auto const& operations = *static_cast<Operations const*>(table);
    return operations.size >= table_least && is_complete(sized_copy(operations));
}

constexpr std::array known_kinds{
    Kind{XFSBUS_KIND_PEER_SELECTION, &has_all<::xfsbus_peer_selector_operations>},
    Kind{XFSBUS_KIND_INTEGRITY, &has_all<::xfsbus_integrity_operations>},
    Kind{XFSBUS_KIND_CHUNK_ORDER, &has_all<::xfsbus_chunk_order_operations>},
    Kind{XFSBUS_KIND_HANDOUT, &has_all<::xfsbus_handout_operations>},
    Kind{XFSBUS_KIND_UPLOAD_CHOICE, &has_all<::xfsbus_upload_choice_operations>}};

std::string with_article(std::string_view kind) {
    bool const vowel = kind.find_first_of("aeiou") == 0;
    return (vowel ? "an " : "a ") + printable(kind);
}

/// What to do with a plug-in that was named in the place of one of another kind.
std::string advice_for(std::string_view kind) {
    if (kind == XFSBUS_KIND_CHUNK_ORDER) {
        return "an order of chunks is chosen when the peer starts, by --chunk-order";
    }
    if (kind == XFSBUS_KIND_UPLOAD_CHOICE) {
        return "who is served next is chosen when the peer starts, by --upload-policy";
    }
    if (kind == XFSBUS_KIND_HANDOUT) {
        return "a handout is for a tracker: xfs-tracker --handout";
    }
    return "name a plug-in of that kind";
}

void check_kind(std::string const& called, ::xfsbus_descriptor const& descriptor,
                std::string_view needed) {
    std::string_view const kind = descriptor.kind;
    if (!needed.empty() && kind != needed) {
        throw PluginRefused(
            called,
            "it is " + with_article(kind) + " plug-in, " + with_article(needed) + " one is needed",
            advice_for(kind));
    }
    auto const* const known = std::find_if(known_kinds.begin(), known_kinds.end(),
                                           [&](Kind const& k) { return k.name == kind; });
    if (known == known_kinds.end()) {
        throw PluginRefused(called,
                            "it is " + with_article(kind) +
                                " plug-in, which this program does "
                                "not know",
                            "use a newer version of xfsbus");
    }
    if (!known->has_all(descriptor.operations)) {
        throw PluginRefused(called, "its table of operations is incomplete", mend);
    }
}

/// A descriptor as this program knows it.
::xfsbus_descriptor checked(std::string const& called, ::xfsbus_descriptor const& given,
                            std::string_view kind) {
    check_layout(called, given);
    auto const descriptor = sized_copy(given);
    check_contents(called, descriptor);
    check_kind(called, descriptor, kind);
    return descriptor;
}

::xfsbus_descriptor open_plugin(LibraryFile const& file, std::string_view kind) {
    auto const& path = file.path;
    auto const& library = keep_mapped(file);
    if (!library.has(XFSBUS_POLICY_SYMBOL)) {
        if (library.has(symbol_of_abi_1)) {
            throw of_other_abi(path.string(), 1);
        }
        throw PluginRefused(
            path.string(),
            "a shared library, but not a plug-in: it does not export " XFSBUS_POLICY_SYMBOL,
            "name another file, or make the descriptor with export.hpp");
    }
    auto const& exported = library.get<::xfsbus_descriptor const>(XFSBUS_POLICY_SYMBOL);
    return checked(path.string(), exported, kind);
}

/// path and hash: of its file; empty for what is the program's own.
PluginInfo describe(std::string const& called, fs::path const& path, std::string const& hash,
                    ::xfsbus_descriptor const& descriptor) {
    PluginInfo info{
        path, hash, descriptor.kind, descriptor.name, descriptor.version, descriptor.description,
        {}};
    auto const parameters = parameters_of(called, descriptor);
    check_parameters(called, parameters);
    for (auto const& parameter : parameters) {
        info.parameters.push_back({parameter.name, parameter.default_value, parameter.default_value,
                                   parameter.description});
    }
    return info;
}

std::string known_parameters(PluginInfo const& info) {
    std::string text;
    for (auto const& parameter : info.parameters) {
        text += (text.empty() ? "it takes " : ", ") + parameter.name + " (default " +
                printable(parameter.default_value) + ")";
    }
    return text.empty() ? "it takes no parameters" : text;
}

void set_parameters(PluginInfo& info,
                    std::vector<std::pair<std::string, std::string>> const& given) {
    for (auto it = given.begin(); it != given.end(); ++it) {
        auto const& name = it->first;
        auto const known = std::find_if(info.parameters.begin(), info.parameters.end(),
                                        [&](auto const& p) { return p.name == name; });
        if (known == info.parameters.end()) {
            throw PluginRefused(info.path.string(), "unknown parameter '" + name + "'",
                                known_parameters(info));
        }
        if (std::any_of(given.begin(), it, [&](auto const& p) { return p.first == name; })) {
            throw PluginRefused(info.path.string(), "parameter '" + name + "' is given twice",
                                "give it once");
        }
        known->value = it->second;
    }
}

}  // namespace

PluginLibrary::PluginLibrary(LibraryFile const& file, std::string_view kind,
                             Parameters const& parameters, std::shared_ptr<PolicyHost> host)
    : descriptor_(open_plugin(file, kind)),
      info_(describe(file.path.string(), file.path, file.hash, descriptor_)),
      services_(std::make_shared<PluginServices const>(std::move(host), info_, nullptr)) {
    set_parameters(info_, parameters);
}

PluginLibrary::PluginLibrary(::xfsbus_descriptor const& own, std::shared_ptr<void> context,
                             std::shared_ptr<PolicyHost> host)
    : descriptor_(checked(name_of_own, own, "")),
      info_(describe(name_of_own, {}, {}, descriptor_)),
      services_(
          std::make_shared<PluginServices const>(std::move(host), info_, std::move(context))) {}

std::shared_ptr<PluginLibrary const> PluginLibrary::for_host(
    std::shared_ptr<PolicyHost> host) const {
    auto other = std::make_shared<PluginLibrary>(*this);
    other->services_ =
        std::make_shared<PluginServices const>(std::move(host), info_, services_->context());
    return other;
}

PolicyObject PluginLibrary::create() const {
    std::vector<::xfsbus_parameter> parameters;
    for (auto const& parameter : info_.parameters) {
        parameters.push_back({.name = parameter.name.c_str(), .value = parameter.value.c_str()});
    }
    ReasonBuffer reason;
    auto* const object = call_plugin([&] {
        return descriptor_.create(&services_->lent(), parameters.data(), parameters.size(),
                                  reason.data(), reason.size());
    });
    if (object == nullptr) {
        throw PolicyFault(reason.text());
    }
    return {object, descriptor_.destroy, services_};
}

std::string PluginLibrary::called() const {
    return info_.path.empty() ? info_.name : info_.path.string();
}

PluginRefused PluginLibrary::refused(std::string const& reason) const {
    return {called(), reason, known_parameters(info_)};
}

std::shared_ptr<PluginLibrary const> load_library(fs::path const& path, std::string_view kind,
                                                  PluginLibrary::Parameters const& parameters,
                                                  std::shared_ptr<PolicyHost> const& host) {
    auto const file = std::make_shared<LibraryFile const>(read_library(path));
    return in_time(path.string(), [file, kind = std::string(kind), parameters, host] {
        return std::make_shared<PluginLibrary const>(*file, kind, parameters, host);
    });
}

std::shared_ptr<PluginLibrary const> load_library(PluginSpec const& spec, PluginPath const& path,
                                                  std::string_view kind,
                                                  std::shared_ptr<PolicyHost> const& host) {
    return load_library(path.find(spec.file), kind, spec.parameters, host);
}

}  // namespace xfsbus::policies
