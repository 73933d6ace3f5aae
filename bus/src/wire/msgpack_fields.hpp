#pragma once

#include <xfsbus/wire/ids.hpp>

#include <msgpack.hpp>

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Three ways to walk the fields of a message, with one interface, so that each message's fields
/// are listed once (codec.cpp): count them, write them, read them.
namespace xfsbus::wire {

/// Whether a message without the field is refused, or keeps the field's default.
enum class Need { required, optional };

class FieldCounter {
  public:
    [[nodiscard]] std::uint32_t count() const { return count_; }

    void field(char const*, auto const&) { ++count_; }

    void optional(char const*, auto const&) { ++count_; }

    void text(char const*, auto const&, std::size_t, Need = Need::required) { ++count_; }

    void binary(char const*, auto const&, std::size_t, Need = Need::required) { ++count_; }

    void values(char const*, auto const&, std::size_t, Need = Need::required) { ++count_; }

    void texts(char const*, auto const&, std::size_t, std::size_t) { ++count_; }

    void maps(char const*, auto const&, std::size_t, auto const&, Need = Need::required) {
        ++count_;
    }

    void check(char const*, auto const&) {}

  private:
    std::uint32_t count_ = 0;
};

class FieldWriter {
  public:
    explicit FieldWriter(msgpack::packer<msgpack::sbuffer>& packer) : packer_(packer) {}

    /// Writes a map of what `walk(archive, value)` walks through.
    void map(auto const& value, auto const& walk) {
        FieldCounter counter;
        walk(counter, value);
        packer_.pack_map(counter.count());
        walk(*this, value);
    }

    void field(char const* key, auto const& value) {
        write_key(key);
        write(value);
    }

    void optional(char const* key, auto const& value) { field(key, value); }

    void text(char const* key, std::string const& value, std::size_t, Need = Need::required) {
        write_key(key);
        write_text(value);
    }

    void binary(char const* key, std::string const& value, std::size_t, Need = Need::required) {
        write_key(key);
        write_binary(value);
    }

    void values(char const* key, auto const& list, std::size_t, Need = Need::required) {
        begin_array(key, list.size());
        for (auto const& value : list) {
            write(value);
        }
    }

    void texts(char const* key, std::vector<std::string> const& list, std::size_t, std::size_t) {
        begin_array(key, list.size());
        for (auto const& value : list) {
            write_text(value);
        }
    }

    void maps(char const* key, auto const& list, std::size_t, auto const& walk,
              Need = Need::required) {
        begin_array(key, list.size());
        for (auto const& value : list) {
            map(value, walk);
        }
    }

    void check(char const*, auto const&) {}

  private:
    void write_key(std::string_view key) { write_text(key); }

    void begin_array(char const* key, std::size_t size) {
        write_key(key);
        packer_.pack_array(static_cast<std::uint32_t>(size));
    }

    void write_text(std::string_view text) {
        packer_.pack_str(static_cast<std::uint32_t>(text.size()));
        packer_.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
    }

    void write_binary(std::string_view bytes) {
        packer_.pack_bin(static_cast<std::uint32_t>(bytes.size()));
        packer_.pack_bin_body(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
    }

    void write(bool value) { value ? packer_.pack_true() : packer_.pack_false(); }

    void write(std::unsigned_integral auto value) { packer_.pack(std::uint64_t{value}); }

    template <typename Tag, std::size_t N>
    void write(Id<Tag, N> const& id) {
        write_binary(id.view());
    }

    msgpack::packer<msgpack::sbuffer>& packer_;
};

/// One msgpack map from the network, checked before anything is allocated for it: nothing left
/// over, no float, no extension, nesting and sizes within the limits, and no container that
/// declares more elements than there are bytes. Sets `problem` and returns nullopt otherwise.
/// The map lives in `zone`, until that is cleared, and refers to `bytes`.
std::optional<msgpack::object> parse_map(std::string_view bytes, msgpack::zone& zone,
                                         std::string& problem);

/// Reads fields out of a map. After the first problem everything else is skipped. Unknown keys are
/// ignored, so that fields can be added to the protocol.
class FieldReader {
  public:
    /// Both must outlive the reader.
    FieldReader(msgpack::object const& map, std::string& problem) : map_(map), problem_(problem) {}

    void field(char const* key, auto& value) { read(key, value, Need::required); }

    /// Keeps the field's default when the key is absent.
    void optional(char const* key, auto& value) { read(key, value, Need::optional); }

    /// Valid UTF-8 of at most `most` bytes.
    void text(char const* key, std::string& value, std::size_t most, Need need = Need::required);
    void binary(char const* key, std::string& value, std::size_t most, Need need = Need::required);

    template <typename T>
    void values(char const* key, std::vector<T>& list, std::size_t most,
                Need need = Need::required) {
        for (auto const& element : array(key, most, need)) {
            if (!take(element, list.emplace_back())) {
                return fail(key, "has an element of the wrong type or out of range");
            }
        }
    }

    void texts(char const* key, std::vector<std::string>& list, std::size_t most,
               std::size_t most_bytes);

    template <typename T>
    void maps(char const* key, std::vector<T>& list, std::size_t most, auto const& walk,
              Need need = Need::required) {
        for (auto const& element : array(key, most, need)) {
            if (element.type != msgpack::type::MAP) {
                return fail(key, "has an element that is no map");
            }
            FieldReader reader(element, problem_);
            walk(reader, list.emplace_back());
            if (!problem_.empty()) {
                return;
            }
        }
    }

    /// A rule that the types do not express.
    void check(char const* key, auto const& holds) {
        if (problem_.empty() && !holds()) {
            fail(key, "is out of range");
        }
    }

  private:
    [[nodiscard]] msgpack::object const* find(char const* key, Need need);
    [[nodiscard]] std::span<msgpack::object const> array(char const* key, std::size_t most,
                                                         Need need);
    void fail(char const* key, std::string_view why);

    void read(char const* key, auto& value, Need need) {
        auto const* found = find(key, need);
        if (found != nullptr && !take(*found, value)) {
            fail(key, "has the wrong type or is out of range");
        }
    }

    static bool take(msgpack::object const& object, bool& value) {
        value = object.type == msgpack::type::BOOLEAN && object.via.boolean;
        return object.type == msgpack::type::BOOLEAN;
    }

    template <std::unsigned_integral T>
    static bool take(msgpack::object const& object, T& value) {
        if (object.type != msgpack::type::POSITIVE_INTEGER ||
            object.via.u64 > std::numeric_limits<T>::max()) {
            return false;
        }
        value = static_cast<T>(object.via.u64);
        return true;
    }

    template <typename Tag, std::size_t N>
    static bool take(msgpack::object const& object, Id<Tag, N>& value) {
        if (object.type != msgpack::type::BIN || object.via.bin.size != N) {
            return false;
        }
        value = *Id<Tag, N>::from({object.via.bin.ptr, N});
        return true;
    }

    msgpack::object const& map_;
    std::string& problem_;
};

}  // namespace xfsbus::wire
