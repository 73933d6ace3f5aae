#include "wire/msgpack_fields.hpp"

#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

namespace xfsbus::wire {
namespace {

/// Refuses what no message holds, before anything is built from it. Each element takes at least
/// one byte, so a message that declares more elements than it has bytes is refused at the
/// declaration. (The parser itself checks the length of texts and binaries in the same way.)
class Inspector : public msgpack::null_visitor {
  public:
    explicit Inspector(std::size_t bytes) : elements_left_(bytes) {}

    [[nodiscard]] std::string const& problem() const { return problem_; }

    bool visit_nil() { return refuse("nil"); }

    bool visit_float32(float) { return refuse("a floating-point number"); }

    bool visit_float64(double) { return refuse("a floating-point number"); }

    /// Called for every number in a signed encoding, also for those that are not negative.
    bool visit_negative_integer(std::int64_t value) {
        return value >= 0 || refuse("a negative number");
    }

    bool visit_ext(char const*, std::uint32_t) { return refuse("an extension type"); }

    bool start_array(std::uint32_t elements) { return open(elements); }

    bool end_array() { return close(); }

    bool start_map(std::uint32_t pairs) {
        return pairs <= limits::map_keys ? open(std::size_t{pairs} * 2)
                                         : refuse("a map with too many keys");
    }

    bool end_map() { return close(); }

    void parse_error(std::size_t, std::size_t) { problem_ = "it is not msgpack"; }

    void insufficient_bytes(std::size_t, std::size_t) { problem_ = "it is cut short"; }

  private:
    bool open(std::size_t elements) {
        if (++depth_ > limits::nesting) {
            return refuse("containers nested too deep");
        }
        if (elements > elements_left_) {
            return refuse("a container that declares more elements than there are bytes");
        }
        elements_left_ -= elements;
        return true;
    }

    bool close() {
        --depth_;
        return true;
    }

    bool refuse(char const* what) {
        problem_ = std::string("it holds ") + what;
        return false;
    }

    std::size_t elements_left_;
    std::size_t depth_ = 0;
    std::string problem_;
};

msgpack::unpack_limit object_limits() {
    std::size_t const any = limits::control_body_bytes;  // the Inspector was stricter already
    return {any, limits::map_keys, any, any, 0, limits::nesting};
}

bool take_text(msgpack::object const& object, std::size_t most, std::string& value) {
    if (object.type != msgpack::type::STR || object.via.str.size > most) {
        return false;
    }
    value.assign(object.via.str.ptr, object.via.str.size);
    return valid_utf8(value);
}

}  // namespace

std::optional<msgpack::object> parse_map(std::string_view bytes, msgpack::zone& zone,
                                         std::string& problem) {
    if (bytes.size() > limits::control_body_bytes) {
        problem = "it is larger than allowed";
        return std::nullopt;
    }
    Inspector inspector(bytes.size());
    std::size_t end = 0;
    if (!msgpack::parse(bytes.data(), bytes.size(), end, inspector) ||
        !inspector.problem().empty()) {
        problem = inspector.problem().empty() ? "it is cut short" : inspector.problem();
        return std::nullopt;
    }
    if (end != bytes.size()) {
        problem = "there are bytes after its end";
        return std::nullopt;
    }
    try {
        // Texts and binaries are referred to, not copied: `bytes` outlives the objects.
        auto const refer = [](msgpack::type::object_type, std::size_t, void*) { return true; };
        auto const map =
            msgpack::unpack(zone, bytes.data(), bytes.size(), refer, nullptr, object_limits());
        if (map.type != msgpack::type::MAP) {
            problem = "it is no map";
            return std::nullopt;
        }
        return map;
    } catch (msgpack::unpack_error const& error) {
        problem = std::string("it is not msgpack: ") + error.what();
        return std::nullopt;
    }
}

msgpack::object const* FieldReader::find(char const* key, Need need) {
    if (!problem_.empty()) {
        return nullptr;
    }
    std::string_view const wanted(key);
    for (auto const& pair : std::span(map_.via.map.ptr, map_.via.map.size)) {
        if (pair.key.type == msgpack::type::STR &&
            std::string_view(pair.key.via.str.ptr, pair.key.via.str.size) == wanted) {
            return &pair.val;
        }
    }
    if (need == Need::required) {
        fail(key, "is missing");
    }
    return nullptr;
}

std::span<msgpack::object const> FieldReader::array(char const* key, std::size_t most, Need need) {
    auto const* found = find(key, need);
    if (found == nullptr) {
        return {};
    }
    if (found->type != msgpack::type::ARRAY || found->via.array.size > most) {
        fail(key, "is no array, or a longer one than allowed");
        return {};
    }
    return {found->via.array.ptr, found->via.array.size};
}

void FieldReader::text(char const* key, std::string& value, std::size_t most, Need need) {
    auto const* found = find(key, need);
    if (found != nullptr && !take_text(*found, most, value)) {
        fail(key, "is not UTF-8 text, or longer than allowed");
    }
}

void FieldReader::binary(char const* key, std::string& value, std::size_t most, Need need) {
    auto const* found = find(key, need);
    if (found == nullptr) {
        return;
    }
    if (found->type != msgpack::type::BIN || found->via.bin.size > most) {
        return fail(key, "is not binary, or longer than allowed");
    }
    value.assign(found->via.bin.ptr, found->via.bin.size);
}

void FieldReader::texts(char const* key, std::vector<std::string>& list, std::size_t most,
                        std::size_t most_bytes) {
    for (auto const& element : array(key, most, Need::required)) {
        if (!take_text(element, most_bytes, list.emplace_back())) {
            return fail(key, "has an element that is not UTF-8 text, or longer than allowed");
        }
    }
}

void FieldReader::fail(char const* key, std::string_view why) {
    problem_ = "field '" + std::string(key) + "' " + std::string(why);
}

}  // namespace xfsbus::wire
