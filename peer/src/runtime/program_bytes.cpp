#include "runtime/program_bytes.hpp"

#include "runtime/callback.hpp"
#include "runtime/examined.hpp"
#include "telemetry/log_events.hpp"

#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

namespace xfsbus::peer::runtime {
namespace {

/// A call of the program's code, which may throw.
template <typename Call>
Status guarded(Call call) {
    Callback const here;
    try {
        return call();
    } catch (std::exception const& thrown) {
        return Error{Errc::failed, thrown.what()};
    } catch (...) {
        return Error{Errc::failed, "an unknown exception"};
    }
}

/// A BlockSource of the program's.
class OwnBlocks final : public index::ProgramBytes {
  public:
    OwnBlocks(std::string name, std::shared_ptr<BlockSource> source, std::uint64_t bytes, OnLog log)
        : ProgramBytes(bytes),
          name_(std::move(name)),
          source_(as_callback(std::move(source))),
          log_(std::move(log)) {}

  private:
    [[nodiscard]] Status fill(std::span<std::byte> buffer, std::uint64_t offset) const override {
        auto filled = guarded([&] { return source_->read(offset, buffer); });
        if (!filled && log_) {
            log_(telemetry::file_unreadable(
                name_, "cannot be read: " + wire::escape(filled.error().message)));
        }
        return filled;
    }

    std::string name_;
    std::shared_ptr<BlockSource> source_;
    OnLog log_;
};

/// How each kind of it is read.
struct Read {
    using Made = index::Publications::Bytes;
    using Bytes = Result<Made>;

    Bytes operator()(OwnedBytes const& memory) const {
        if (memory.bytes.size() > wire::limits::file_bytes) {
            return too_large(name);
        }
        return Made(
            std::make_shared<index::MemoryBytes const>(memory.bytes, as_callback(memory.owner)));
    }

    Bytes operator()(std::filesystem::path const& path) const {
        std::error_code error;
        auto absolute = std::filesystem::absolute(path, error);
        if (path.empty() || error) {
            return not_published(name, "its path is none");
        }
        return Made(std::make_shared<index::FileElsewhere const>(std::move(absolute)));
    }

    Bytes operator()(std::shared_ptr<BlockSource> const& source) const {
        if (!source) {
            return not_published(name, "there is no BlockSource");
        }
        std::uint64_t bytes = 0;
        auto const asked = guarded([&] {
            bytes = source->size();
            return done();
        });
        if (!asked) {
            return not_published(name, asked.error().message);
        }
        if (bytes > wire::limits::file_bytes) {
            return too_large(name);
        }
        return Made(std::make_shared<OwnBlocks const>(name, source, bytes, log));
    }

    std::string const& name;
    OnLog const& log;
};

}  // namespace

Result<index::Publications::Bytes> bytes_of(PublishRequest const& request, OnLog const& log) {
    return std::visit(Read{request.name, log}, request.what);
}

}  // namespace xfsbus::peer::runtime
