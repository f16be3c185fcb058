<?php

declare(strict_types=1);

namespace Usher;

/** The folder of JSON snapshots. Every look-up reads it from end to end: for some thousand users. */
final class JsonUserStore implements UserStore
{
    private string $folder;

    public function __construct(string $folder)
    {
        $this->folder = rtrim($folder, '/') . '/users';
        if (!is_readable($this->folder)) {
            throw new \RuntimeException("Usher's snapshots cannot be read: {$this->folder}");
        }
    }

    public function find(string $idp, string $by, string $value): ?array
    {
        $found = [];
        foreach (scandir($this->folder) as $name) {
            // A file may be replaced or removed while the folder is read.
            $text = str_ends_with($name, '.json') ? @file_get_contents("{$this->folder}/$name") : false;
            $record = $text === false ? null : json_decode($text, true);
            if (is_array($record) && ($record['idp']['entityId'] ?? null) === $idp && self::isFound($record, $by, $value)) {
                $found[] = $record;
            }
        }
        return count($found) === 1 ? $found[0] : null;
    }

    private static function isFound(array $record, string $by, string $value): bool
    {
        $match = $record['match'];
        return match ($by) {
            'userName' => $record['userName'] === $value,
            'nameId' => $match['by'] === 'nameId' && $record['nameId'] === $value,
            default => $match['by'] === 'attribute' && $match['attribute'] === $by && $match['value'] === $value,
        };
    }
}
