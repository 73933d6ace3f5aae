#include "wire/msgpack_fields.hpp"

#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <array>

namespace xfsbus::wire {
namespace {

/// Builds what a message holds, in one pass, and refuses what no message holds before anything is
/// allocated for it. Each element takes at least one byte, so a message that declares more elements
/// than it has bytes is refused at the declaration. (The parser itself checks the length of texts
/// and binaries in the same way.) Texts and binaries are referred to, not copied.
class Builder : public msgpack::null_visitor {
  public:
    Builder(msgpack::zone& zone, std::size_t bytes) : zone_(zone), elements_left_(bytes) {
        places_[0] = &root_;
    }

    [[nodiscard]] std::string const& problem() const { return problem_; }

    [[nodiscard]] msgpack::object const& root() const { return root_; }

    bool visit_nil() { return refuse("nil"); }

    bool visit_boolean(bool value) {
        auto& object = put(msgpack::type::BOOLEAN);
        object.via.boolean = value;
        return true;
    }

    bool visit_positive_integer(std::uint64_t value) {
        auto& object = put(msgpack::type::POSITIVE_INTEGER);
        object.via.u64 = value;
        return true;
    }

    /// Called for every number in a signed encoding, also for those that are not negative.
    bool visit_negative_integer(std::int64_t value) {
        return value >= 0 ? visit_positive_integer(static_cast<std::uint64_t>(value))
                          : refuse("a negative number");
    }

    bool visit_float32(float) { return refuse("a floating-point number"); }

    bool visit_float64(double) { return refuse("a floating-point number"); }

    bool visit_str(char const* text, std::uint32_t size) {
        auto& object = put(msgpack::type::STR);
        object.via.str.ptr = text;
        object.via.str.size = size;
        return true;
    }

    bool visit_bin(char const* bytes, std::uint32_t size) {
        auto& object = put(msgpack::type::BIN);
        object.via.bin.ptr = bytes;
        object.via.bin.size = size;
        return true;
    }

    bool visit_ext(char const*, std::uint32_t) { return refuse("an extension type"); }

    bool start_array(std::uint32_t elements) {
        auto& array = put(msgpack::type::ARRAY).via.array;
        array.size = elements;
        return open(elements, array.ptr);
    }

    bool end_array_item() { return next(); }

    bool end_array() { return close(); }

    bool start_map(std::uint32_t pairs) {
        if (pairs > limits::map_keys) {
            return refuse("a map with too many keys");
        }
        auto& map = put(msgpack::type::MAP).via.map;
        map.size = pairs;
        // A pair is two objects, the key first.
        static_assert(sizeof(msgpack::object_kv) == 2 * sizeof(msgpack::object));
        msgpack::object* first = nullptr;
        bool const opened = open(std::size_t{pairs} * 2, first);
        map.ptr = reinterpret_cast<msgpack::object_kv*>(first);
        return opened;
    }

    bool end_map_key() { return next(); }

    bool end_map_value() { return next(); }

    bool end_map() { return close(); }

    void parse_error(std::size_t, std::size_t) { problem_ = "it is not msgpack"; }

    void insufficient_bytes(std::size_t, std::size_t) { problem_ = "it is cut short"; }

  private:
    /// The object whose turn it is.
    msgpack::object& put(msgpack::type::object_type type) {
        auto& object = *places_[depth_];
        object.type = type;
        return object;
    }

    bool next() {
        ++places_[depth_];
        return true;
    }

    bool open(std::size_t elements, msgpack::object*& first) {
        if (depth_ == limits::nesting) {
            return refuse("containers nested too deep");
        }
        if (elements > elements_left_) {
            return refuse("a container that declares more elements than there are bytes");
        }
        elements_left_ -= elements;
        first = elements == 0 ? nullptr
                              : static_cast<msgpack::object*>(zone_.allocate_align(
                                    elements * sizeof(msgpack::object), alignof(msgpack::object)));
        places_[++depth_] = first;
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

    msgpack::zone& zone_;
    std::size_t elements_left_;
    msgpack::object root_;
    /// Where the next object goes, of each container that has begun and not ended.
    std::array<msgpack::object*, limits::nesting + 1> places_{};
    std::size_t depth_ = 0;
    std::string problem_;
};

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
    Builder builder(zone, bytes.size());
    std::size_t end = 0;
    if (!msgpack::parse(bytes.data(), bytes.size(), end, builder) || !builder.problem().empty()) {
        problem = builder.problem().empty() ? "it is cut short" : builder.problem();
        return std::nullopt;
    }
    if (end != bytes.size()) {
        problem = "there are bytes after its end";
        return std::nullopt;
    }
    if (builder.root().type != msgpack::type::MAP) {
        problem = "it is no map";
        return std::nullopt;
    }
    return builder.root();
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
