<?php

declare(strict_types=1);

namespace Usher;

use PDO;

/** The tables saml_user, saml_attribute and saml_name_id. */
final class SqlUserStore implements UserStore
{
    private const MEMBER_OF = 'urn:oid:1.3.6.1.4.1.5923.1.5.1.1';

    private PDO $db;

    public function __construct(string $dsn, string $username = '', string $password = '')
    {
        $this->db = new PDO($dsn, $username, $password, [
            PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
            PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC,
            // Seconds; for SQLite how long to wait for a writer.
            PDO::ATTR_TIMEOUT => 5,
        ]);
        if ($this->db->getAttribute(PDO::ATTR_DRIVER_NAME) === 'mysql') {
            $this->db->exec("SET NAMES 'utf8mb4'");
        }
    }

    public function find(string $idp, string $by, string $value): ?array
    {
        $user = $this->user($idp, $by, $value);
        if ($user === null) {
            return null;
        }
        [$attributes, $groups] = $this->attributes($user['id']);
        return [
            'id' => $user['id'],
            'userName' => $user['username'],
            'externalId' => $user['external_id'],
            'idp' => ['entityId' => $user['idp_entity_id']],
            'spNameQualifier' => $user['sp_entity_id'],
            'sp' => $this->rows(
                'SELECT sp_entity_id AS "entityId", name_id AS "nameId" FROM saml_name_id WHERE user_id = ?',
                [$user['id']]
            ),
            'nameId' => $user['name_id'],
            'nameIdFormat' => $user['name_id_format'],
            'active' => (int) $user['active'] !== 0,
            'notOnOrAfter' => $user['not_on_or_after'],
            'role' => $user['role'],
            'groups' => $groups,
            'attributes' => $attributes,
        ];
    }

    private function user(string $idp, string $by, string $value): ?array
    {
        $rows = match ($by) {
            'userName' => $this->rows(
                'SELECT * FROM saml_user WHERE idp_entity_id = ? AND username = ?',
                [$idp, $value]
            ),
            'nameId' => $this->rows(
                'SELECT * FROM saml_user WHERE idp_entity_id = ? AND name_id = ? AND match_attribute IS NULL',
                [$idp, $value]
            ),
            default => $this->rows(
                'SELECT * FROM saml_user WHERE idp_entity_id = ? AND match_attribute = ? AND match_value = ?',
                [$idp, $by, $value]
            ),
        };
        return count($rows) === 1 ? $rows[0] : null;
    }

    private function attributes(string $id): array
    {
        [$attributes, $groups] = [[], []];
        $query = 'SELECT name, friendly_name, name_format, value FROM saml_attribute WHERE user_id = ? ORDER BY name, value';
        foreach ($this->rows($query, [$id]) as $row) {
            if ($row['name'] === self::MEMBER_OF) {
                $groups[] = $row['value'];
                continue;
            }
            $attributes[$row['name']] ??= [
                'name' => $row['name'],
                'friendlyName' => $row['friendly_name'],
                'nameFormat' => $row['name_format'],
                'values' => [],
            ];
            $attributes[$row['name']]['values'][] = $row['value'];
        }
        return [array_values($attributes), $groups];
    }

    private function rows(string $query, array $values): array
    {
        $statement = $this->db->prepare($query);
        $statement->execute($values);
        return $statement->fetchAll();
    }
}
